namespace Veche.Server.Admission;

/// <summary>A write that was let in. The default is of one that need not be asked for, and counts nothing.</summary>
internal readonly struct AdmissionTicket(WriteAdmission admission, ClientShare client, long bytes, long beganMs)
{
    private readonly WriteAdmission? _admission = admission;

    /// <summary>The write has ended.</summary>
    /// <param name="isCompleted">It was answered.</param>
    public void End(bool isCompleted) => _admission?.Leave(client, bytes, isCompleted, beganMs, Environment.TickCount64);
}
