namespace Veche.Server.Admission;

/// <summary>
/// How many writes a member completes in a second: the best of the last whole seconds, so that a moment without a leader does not look like a slow cluster.
/// Safe to use from any thread; counting is one interlocked add.
/// </summary>
internal sealed class CompletionRate
{
    private const int Kept = 16;

    /// <summary>The most seconds that may be asked for.</summary>
    public const int Window = 10;

    private readonly long[] _second = new long[Kept];
    private readonly long[] _count = new long[Kept];

    /// <summary>One more was completed.</summary>
    /// <param name="nowMs">By a clock that does not jump, in milliseconds.</param>
    public void Completed(long nowMs)
    {
        long second = (nowMs / 1000) + 1;
        int place = (int)(second % Kept);
        long before = Volatile.Read(ref _second[place]);

        // Whoever comes first in a second clears what was counted sixteen seconds ago; a count that slips in beside it is not missed.
        if (before != second && Interlocked.CompareExchange(ref _second[place], second, before) == before)
        {
            Volatile.Write(ref _count[place], 0);
        }

        Interlocked.Increment(ref _count[place]);
    }

    /// <summary>The most that were completed in one of the last whole seconds; 0 when there was none.</summary>
    /// <param name="nowMs">By the same clock.</param>
    /// <param name="seconds">How many of them, at most <see cref="Window"/>.</param>
    public long Best(long nowMs, int seconds = Window)
    {
        long second = (nowMs / 1000) + 1;
        long best = 0;
        for (int place = 0; place < Kept; place++)
        {
            long of = Volatile.Read(ref _second[place]);
            if (of < second && of >= second - seconds)
            {
                best = Math.Max(best, Volatile.Read(ref _count[place]));
            }
        }

        return best;
    }
}
