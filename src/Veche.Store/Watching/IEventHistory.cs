using Google.Protobuf;
using Veche.Api;
using Veche.Store.Auth;

namespace Veche.Store.Watching;

/// <summary>Reads the past. Safe beside applies.</summary>
public interface IEventHistory
{
    /// <summary>The last revision whose events were published.</summary>
    long CurrentRevision { get; }

    /// <summary>Revisions before this one may be incomplete.</summary>
    long CompactRevision { get; }

    /// <summary>Who may watch what.</summary>
    AuthView Auth { get; }

    /// <summary>Adds the events of keys in a range, from one revision through another, in order and whole revisions only.</summary>
    /// <param name="key">First key, or the only one.</param>
    /// <param name="rangeEnd">As in a range request: empty for one key, a zero byte for all from <paramref name="key"/> on.</param>
    /// <param name="fromRevision">First revision.</param>
    /// <param name="throughRevision">Last revision.</param>
    /// <param name="maxEvents">Stop after the revision in which so many were reached.</param>
    /// <param name="into">Gets the events.</param>
    /// <returns>The last revision whose events are all in <paramref name="into"/>.</returns>
    /// <exception cref="StoreException">The history was compacted.</exception>
    long ReadEvents(ByteString key, ByteString rangeEnd, long fromRevision, long throughRevision, int maxEvents, List<Event> into);

    /// <summary>The key-value right before a revision; null when there was none, or it was compacted.</summary>
    KeyValue? Previous(ByteString key, long beforeRevision);
}

/// <summary>Is told what happens. Called on the thread that applies, so it must be quick.</summary>
public interface IEventSink
{
    /// <summary>The changes of one revision, which is now visible. Called for every revision, in order.</summary>
    void Publish(long revision, IReadOnlyList<StoredEvent> events);

    /// <summary>The whole state was replaced.</summary>
    void Reset();
}
