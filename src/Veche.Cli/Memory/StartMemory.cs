namespace Veche.Cli.Memory;

/// <summary>What a server took to start, and does not need to run.</summary>
internal static class StartMemory
{
    /// <summary>By then members have found each other and have elected a leader.</summary>
    private static readonly TimeSpan TimeToSettle = TimeSpan.FromSeconds(3);

    /// <summary>Gives it back when the start is over. Takes some milliseconds, once.</summary>
    public static async Task GiveBackSoonAsync()
    {
        await Task.Delay(TimeToSettle).ConfigureAwait(false);
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        NativeHeap.Trim();
        MappedFiles.GiveBack();
    }
}
