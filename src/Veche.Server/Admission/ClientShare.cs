namespace Veche.Server.Admission;

/// <summary>What one client has under way: a user where users are known, otherwise a connection.</summary>
internal sealed class ClientShare
{
    private int _underWay;

    public int UnderWay => Volatile.Read(ref _underWay);

    /// <returns>What is under way now, this one counted.</returns>
    public int Begin() => Interlocked.Increment(ref _underWay);

    /// <returns>What is still under way.</returns>
    public int End() => Interlocked.Decrement(ref _underWay);
}
