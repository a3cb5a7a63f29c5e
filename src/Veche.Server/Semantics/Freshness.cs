namespace Veche.Server.Semantics;

/// <summary>
/// How old a member's state is, without trusting that clocks agree. Whoever asks a quorum at one moment, by this member's own clock, and hears an
/// index, knows: everything that was committed before that moment is at or below it. So a state that has applied the index lacks nothing from
/// before that moment. The time is handed in.
/// </summary>
internal sealed class Freshness
{
    /// <summary>Confirmations that are kept while the state has not reached them. Forgetting one only makes an age look greater.</summary>
    public const int MaxKept = 64;

    /// <summary>A confirmation that is not newer than the last by more than this is not worth keeping.</summary>
    public const long ResolutionNs = 1_000_000;

    private readonly Lock _lock = new();
    private readonly List<(long AskedNs, long Index)> _kept = [];
    private long _newestNs = long.MinValue;

    /// <summary>A question asked at a moment was answered: everything committed before is at or below an index.</summary>
    public void Confirmed(long askedNs, long index)
    {
        // Thousands of reads a second ask; nobody needs more than one confirmation a millisecond.
        long newestNs = Volatile.Read(ref _newestNs);
        if (newestNs != long.MinValue && askedNs < newestNs + ResolutionNs)
        {
            return;
        }

        lock (_lock)
        {
            if (_kept.Exists(kept => kept.AskedNs >= askedNs && kept.Index <= index))
            {
                return;
            }

            _kept.RemoveAll(kept => kept.AskedNs <= askedNs && kept.Index >= index);
            if (_kept.Count == MaxKept)
            {
                _kept.RemoveAt(0);
            }

            _kept.Add((askedNs, index));
            _newestNs = Math.Max(_newestNs, askedNs);
        }
    }

    /// <summary>The moment from before which a state lacks nothing, but for some entries; null when that is not known.</summary>
    /// <param name="appliedIndex">What the state has applied.</param>
    /// <param name="maxEntriesBehind">How many entries it may lack.</param>
    public long? AsOfNs(long appliedIndex, long maxEntriesBehind = 0)
    {
        lock (_lock)
        {
            long? asOfNs = null;
            foreach ((long askedNs, long index) in _kept)
            {
                if (index - maxEntriesBehind <= appliedIndex && (asOfNs is null || askedNs > asOfNs))
                {
                    asOfNs = askedNs;
                }
            }

            return asOfNs;
        }
    }
}
