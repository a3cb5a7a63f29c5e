using Veche.Api;

namespace Veche.Client;

/// <summary>How to watch.</summary>
public sealed record WatchOptions
{
    /// <summary>The first revision of interest. Default 0: from now on.</summary>
    public long FromRevision { get; init; }

    /// <summary>Tell with each change what was there before it. Default false.</summary>
    public bool WantsPrevious { get; init; }

    /// <summary>When changes were missed because they have been compacted, read the keys as they are, give them as a batch of their own (<see cref="WatchBatch.IsReread"/>) and go on. Default false: the watch ends with <see cref="WatchCompactedException"/>.</summary>
    public bool RereadWhenCompacted { get; init; }
}

/// <summary>A change of a key.</summary>
/// <param name="IsDeletion">It went away; then only key and revision of <paramref name="Item"/> mean something.</param>
/// <param name="Item">The key as it is after the change.</param>
/// <param name="Previous">As it was before, when that was asked for and is still known.</param>
public sealed record Change(bool IsDeletion, Item Item, Item? Previous)
{
    internal static Change Of(Event one) => new(one.Type == Event.Types.EventType.Delete, Item.Of(one.Kv), one.PrevKv is { } previous ? Item.Of(previous) : null);
}

/// <summary>Changes in order; all of one revision are in one batch.</summary>
/// <param name="Revision">Everything up to this revision has been told.</param>
/// <param name="Changes">The changes.</param>
/// <param name="IsReread">Changes were missed, and this is what there is now: whatever is not in it is gone.</param>
public sealed record WatchBatch(long Revision, IReadOnlyList<Change> Changes, bool IsReread);
