using Veche.Api;
using Veche.Store.Watching;

namespace Veche.Store;

/// <summary>What a store has done since the process started. May be read from any thread.</summary>
public sealed class StoreCounters
{
    private long _puts;
    private long _deletions;
    private long _ranges;

    /// <summary>Keys put.</summary>
    public long Puts => Interlocked.Read(ref _puts);

    /// <summary>Keys deleted.</summary>
    public long Deletions => Interlocked.Read(ref _deletions);

    /// <summary>Ranges asked for by themselves, not within transactions.</summary>
    public long Ranges => Interlocked.Read(ref _ranges);

    internal void CountRange() => Interlocked.Increment(ref _ranges);

    internal void Count(List<StoredEvent> events)
    {
        int puts = 0;
        foreach (StoredEvent change in events)
        {
            puts += change.Type == Event.Types.EventType.Put ? 1 : 0;
        }

        Interlocked.Add(ref _puts, puts);
        Interlocked.Add(ref _deletions, events.Count - puts);
    }
}
