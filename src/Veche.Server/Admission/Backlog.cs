namespace Veche.Server.Admission;

/// <summary>
/// Whether writes wait longer than they should: even the quickest of a whole second did. A burst that is soon over, and what an election held up, does not count
/// for one: there the quickest of a second is quick. Once they wait, it goes on until one took less than a quarter of that, since those that are let in by the
/// bound wait about so long. Safe to use from any thread.
/// </summary>
/// <param name="boundMs">What is too long, in milliseconds.</param>
internal sealed class Backlog(int boundMs)
{
    private const long Nothing = long.MaxValue;

    private long _second;
    private long _quickestMs = Nothing;
    private int _isThere;

    /// <summary>Writes wait longer than the bound.</summary>
    public bool IsThere => Volatile.Read(ref _isThere) != 0;

    /// <summary>A write was answered.</summary>
    /// <param name="tookMs">How long that took, in milliseconds.</param>
    /// <param name="nowMs">By a clock that does not jump, in milliseconds.</param>
    public void Completed(long tookMs, long nowMs)
    {
        long second = nowMs / 1000;
        long before = Volatile.Read(ref _second);
        if (before != second && Interlocked.CompareExchange(ref _second, second, before) == before)
        {
            // A second in which nothing ended says nothing. What others add at this moment may be taken for either second; the next one is judged again.
            Judge(Interlocked.Exchange(ref _quickestMs, Nothing));
        }

        long quickest;
        while (tookMs < (quickest = Volatile.Read(ref _quickestMs)) && Interlocked.CompareExchange(ref _quickestMs, tookMs, quickest) != quickest)
        {
            // Somebody was quicker to say so.
        }
    }

    private void Judge(long quickestMs)
    {
        if (quickestMs != Nothing && quickestMs > boundMs)
        {
            Volatile.Write(ref _isThere, 1);
        }
        else if (quickestMs < boundMs / 4)
        {
            Volatile.Write(ref _isThere, 0);
        }
    }
}
