namespace Veche.Checking.Watching;

/// <summary>A change of a key as it truly happened.</summary>
/// <param name="Revision">The revision it belongs to.</param>
/// <param name="Key">Its key.</param>
/// <param name="Value">What was put; null when the key was deleted.</param>
public readonly record struct TrueEvent(long Revision, string Key, string? Value);

/// <summary>An event as a watch was told it.</summary>
/// <param name="Revision">Its revision.</param>
/// <param name="Key">Its key.</param>
/// <param name="Value">What was put; null when the key was deleted.</param>
/// <param name="IsCreate">It says that the key did not exist before.</param>
public readonly record struct WatchedEvent(long Revision, string Key, string? Value, bool IsCreate)
{
    /// <summary>The value before, when the watch asked for it and there was one.</summary>
    public string? Previous { get; init; }
}

/// <summary>One response of a watch.</summary>
/// <param name="Revision">The revision of its header.</param>
/// <param name="Events">Its events. A response without any is a progress notification: all up to its revision has been told.</param>
public sealed record WatchedResponse(long Revision, IReadOnlyList<WatchedEvent> Events)
{
    /// <summary>More of the same revision follows in the next response.</summary>
    public bool IsFragment { get; init; }
}

/// <summary>One watch: what was asked, and everything it was told.</summary>
public sealed record WatchRecord
{
    /// <summary>For messages.</summary>
    public required string Name { get; init; }

    /// <summary>The key, or the first key of the range.</summary>
    public required string Key { get; init; }

    /// <summary>Null for the key alone; otherwise the first key behind the range, or <c>"\0"</c> for all keys from <see cref="Key"/> on.</summary>
    public string? RangeEnd { get; init; }

    /// <summary>The first revision asked for. A watch from now on: one more than the revision of the response that created it.</summary>
    public required long StartRevision { get; init; }

    /// <summary>It asked for no puts.</summary>
    public bool NoPut { get; init; }

    /// <summary>It asked for no deletions.</summary>
    public bool NoDelete { get; init; }

    /// <summary>It asked for the value before each event.</summary>
    public bool HasPrevious { get; init; }

    /// <summary>The revision up to which it should have been told everything by the time it ended; 0 when it may have ended at any point.</summary>
    public long ExpectedThrough { get; init; }

    /// <summary>In the order of arrival.</summary>
    public required IReadOnlyList<WatchedResponse> Responses { get; init; }

    internal bool Matches(string key, bool isDelete) =>
        !(isDelete ? NoDelete : NoPut)
        && (RangeEnd is null ? key == Key : string.CompareOrdinal(key, Key) >= 0 && (RangeEnd == "\0" || string.CompareOrdinal(key, RangeEnd) < 0));
}
