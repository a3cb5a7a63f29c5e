using Google.Protobuf;

namespace Veche.Store.Watching;

/// <summary>
/// Gives every change to those who watch. The thread that applies only puts shared events into the queues of streams that have a synced watcher for
/// them; everything else is done by whoever pumps a stream. A stream that does not keep up loses its queue and reads the history instead, so
/// memory per stream is bounded and nobody waits for anybody.
/// </summary>
public sealed class WatchHub(IEventHistory history) : IEventSink
{
    private readonly System.Threading.Lock _lock = new();

    /// <summary>Synced watchers by what they watch: any number of them may share a group.</summary>
    private readonly Dictionary<ByteString, List<Watcher>> _singles = [];
    private readonly RangeGroups _ranges = new();
    private readonly HashSet<WatchStream> _streams = [];
    private readonly List<WatchStream> _overfull = [];
    private long _published = history.CurrentRevision;

    /// <summary>Streams that are open.</summary>
    public int StreamCount
    {
        get
        {
            lock (_lock)
            {
                return _streams.Count;
            }
        }
    }

    /// <summary>Watches on all streams.</summary>
    public int WatcherCount
    {
        get
        {
            lock (_lock)
            {
                return _streams.Sum(static stream => stream.WatcherCount);
            }
        }
    }

    /// <summary>Watches that are reading what was before, and are not given events as they happen.</summary>
    public int SlowWatcherCount
    {
        get
        {
            lock (_lock)
            {
                return _streams.Sum(static stream => stream.BehindCount);
            }
        }
    }

    /// <summary>Events that wait to be sent.</summary>
    public int PendingEventCount
    {
        get
        {
            lock (_lock)
            {
                return _streams.Sum(static stream => stream.QueuedCount);
            }
        }
    }

    internal IEventHistory History => history;

    internal System.Threading.Lock Lock => _lock;

    /// <summary>The last revision that was given out; to be read under the lock.</summary>
    internal long Published => _published;

    /// <summary>All events through this revision have been put into the queues; to be read under the lock.</summary>
    internal long GivenThrough { get; private set; }

    /// <summary>Opens a stream.</summary>
    /// <param name="wake">Called, from any thread, when there may be something to pump; at most once until the next pump.</param>
    /// <param name="maxResponseBytes">Size at which responses to watchers that allow it are cut into fragments.</param>
    public WatchStream OpenStream(Action wake, int maxResponseBytes)
    {
        var stream = new WatchStream(this, wake, maxResponseBytes);
        lock (_lock)
        {
            _streams.Add(stream);
        }

        return stream;
    }

    /// <inheritdoc/>
    public void Publish(long revision, IReadOnlyList<StoredEvent> events)
    {
        lock (_lock)
        {
            _published = revision;
            for (int i = 0; i < events.Count; i++)
            {
                StoredEvent stored = events[i];
                if (_singles.Count > 0 && _singles.TryGetValue(stored.Kv.Key, out List<Watcher>? watchers))
                {
                    Give(watchers, revision, stored);
                }

                _ranges.ForEach(stored.Kv.Key.Span, group => Give(group, revision, stored));
            }

            // Only here, between revisions, may a queue be dropped.
            GivenThrough = revision;
            foreach (WatchStream stream in _overfull)
            {
                stream.FallBehind();
            }

            _overfull.Clear();
        }
    }

    /// <inheritdoc/>
    public void Reset()
    {
        lock (_lock)
        {
            _published = history.CurrentRevision;
            foreach (WatchStream stream in _streams)
            {
                stream.FallBehind();
            }
        }
    }

    /// <summary>Its queue is to be dropped when the revision that is being given out is complete. Under the lock.</summary>
    internal void AddOverfull(WatchStream stream) => _overfull.Add(stream);

    /// <summary>From now on it is given events as they happen. Under the lock.</summary>
    internal void AddSynced(Watcher watcher)
    {
        watcher.IsSynced = true;
        if (watcher.RangeEnd.IsEmpty)
        {
            if (!_singles.TryGetValue(watcher.Key, out List<Watcher>? group))
            {
                _singles.Add(watcher.Key, group = new List<Watcher>(1));
            }

            group.Add(watcher);
        }
        else
        {
            _ranges.Add(watcher);
        }
    }

    /// <summary>Under the lock.</summary>
    internal void RemoveSynced(Watcher watcher)
    {
        if (!watcher.IsSynced)
        {
            return;
        }

        watcher.IsSynced = false;
        if (watcher.RangeEnd.IsEmpty)
        {
            if (_singles.TryGetValue(watcher.Key, out List<Watcher>? group) && group.Remove(watcher) && group.Count == 0)
            {
                _singles.Remove(watcher.Key);
            }
        }
        else
        {
            _ranges.Remove(watcher);
        }
    }

    internal void Close(WatchStream stream)
    {
        lock (_lock)
        {
            _streams.Remove(stream);
            stream.DropAll();
        }
    }

    private static void Give(List<Watcher> watchers, long revision, StoredEvent stored)
    {
        foreach (Watcher watcher in watchers)
        {
            if (revision >= watcher.NextRevision && watcher.Wants(stored.Type))
            {
                watcher.Stream.Enqueue(watcher, revision, stored);
            }
        }
    }
}
