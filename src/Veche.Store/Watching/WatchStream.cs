using Google.Protobuf;
using Veche.Api;
using Veche.Api.Commands;

namespace Veche.Store.Watching;

/// <summary>
/// The watches of one client connection and what is to be sent to it. <see cref="Create"/>, <see cref="Cancel"/> and <see cref="RequestProgress"/> may be called beside
/// <see cref="Pump"/>; each of them from one thread at a time.
/// </summary>
public sealed class WatchStream : IDisposable
{
    /// <summary>Watches one stream may have.</summary>
    public const int MaxWatchers = 100_000;

    /// <summary>Events that wait in a stream before it is made to read the history instead.</summary>
    private const int MaxQueuedEvents = 16 << 10;

    /// <summary>Events read from the history in one pump.</summary>
    private const int HistoryEventsPerPump = 1000;

    private readonly WatchHub _hub;
    private readonly Action _wake;
    private readonly int _maxResponseBytes;
    private readonly SortedDictionary<long, Watcher> _watchers = [];
    private readonly Queue<WatchResponse> _control = new();
    private readonly LinkedList<Watcher> _behind = new();
    private List<(Watcher Watcher, long Revision, StoredEvent Event)> _queue = [];
    private List<(Watcher Watcher, long Revision, StoredEvent Event)> _spare = [];
    private long _nextId;
    private readonly Dictionary<Watcher, WatchResponse> _open = [];
    private bool _awake;
    private bool _progressRequested;
    private bool _closed;

    internal WatchStream(WatchHub hub, Action wake, int maxResponseBytes)
    {
        _hub = hub;
        _wake = wake;
        _maxResponseBytes = maxResponseBytes;
    }

    internal int WatcherCount => _watchers.Count;

    internal int BehindCount => _behind.Count;

    internal int QueuedCount => _queue.Count;

    /// <summary>Begins a watch; the answer comes with the next pump, before its first event.</summary>
    /// <param name="request">What to watch.</param>
    /// <param name="caller">Who asks. While authentication is on, nobody is refused. Default nobody.</param>
    /// <param name="unrecognised">Why it could not be found out who asks. Default null.</param>
    public void Create(WatchCreateRequest request, Caller? caller = null, StoreError? unrecognised = null)
    {
        // etcd: no key means the smallest, and a range end of one zero byte means all from the key on.
        ByteString key = request.Key.IsEmpty ? ByteString.CopyFrom(0) : request.Key;
        bool emptyRange = !request.RangeEnd.IsEmpty && !(request.RangeEnd.Length == 1 && request.RangeEnd[0] == 0) && key.Span.SequenceCompareTo(request.RangeEnd.Span) >= 0;
        StoreError? denied = unrecognised ?? _hub.History.Auth.CheckRead(caller, key, request.RangeEnd);
        lock (_hub.Lock)
        {
            if (_closed)
            {
                return;
            }

            long current = _hub.Published;
            string? refusal =
                request.StartRevision < 0 ? "etcdserver: mvcc: required revision has been compacted"
                : denied is not null ? $"rpc error: code = {denied.Code} desc = {denied.Message}" // As etcd has it: the names of the codes are gRPC's.
                : emptyRange ? "mvcc: watcher range is empty"
                : request.WatchId != 0 && _watchers.ContainsKey(request.WatchId) ? "mvcc: duplicate watch ID provided on the WatchStream"
                : _watchers.Count >= MaxWatchers ? "etcdserver: too many watches on one stream"
                : null;
            if (refusal is not null)
            {
                _control.Enqueue(new WatchResponse { Header = Header(current), WatchId = -1, Created = true, Canceled = true, CancelReason = refusal });
                Wake();
                return;
            }

            long id = request.WatchId;
            if (id == 0)
            {
                while (_watchers.ContainsKey(_nextId))
                {
                    _nextId++;
                }

                id = _nextId++;
            }

            long start = request.StartRevision == 0 ? current + 1 : request.StartRevision;
            var watcher = new Watcher(this, id, key, request.RangeEnd, request, start);
            _watchers.Add(id, watcher);
            _control.Enqueue(new WatchResponse { Header = Header(current), WatchId = id, Created = true });
            if (start > current)
            {
                _hub.AddSynced(watcher);
            }
            else
            {
                _behind.AddLast(watcher);
            }

            Wake();
        }
    }

    /// <summary>Ends a watch; the answer comes with the next pump. An unknown id is not answered, as in etcd.</summary>
    public void Cancel(long id)
    {
        lock (_hub.Lock)
        {
            if (_watchers.TryGetValue(id, out Watcher? watcher))
            {
                Remove(watcher);
                _control.Enqueue(new WatchResponse { Header = Header(_hub.Published), WatchId = id, Canceled = true });
                Wake();
            }
        }
    }

    /// <summary>Asks for word of how far the stream is. Answered when every watch has been given everything.</summary>
    public void RequestProgress()
    {
        lock (_hub.Lock)
        {
            _progressRequested = true;
            Wake();
        }
    }

    /// <summary>Time for idle watches that asked for it to hear how far they are.</summary>
    public void NotifyIdle()
    {
        lock (_hub.Lock)
        {
            foreach (Watcher watcher in _watchers.Values)
            {
                if (watcher.WantsProgress && watcher.IsSynced && !watcher.WasTold && _queue.Count == 0)
                {
                    _control.Enqueue(new WatchResponse { Header = Header(_hub.Published), WatchId = watcher.Id });
                    Wake();
                }

                watcher.WasTold = false;
            }
        }
    }

    /// <summary>Takes what is to be sent now. True when there is more already.</summary>
    public bool Pump(List<WatchResponse> into)
    {
        List<(Watcher Watcher, long Revision, StoredEvent Event)> queue;
        Watcher? reader;
        long through;
        lock (_hub.Lock)
        {
            _awake = false;
            while (_control.TryDequeue(out WatchResponse? response))
            {
                into.Add(response);
            }

            queue = _queue;
            _queue = _spare;
            reader = _behind.First?.Value;
            through = _hub.Published;
        }

        Deliver(queue, into);
        queue.Clear();
        _spare = queue;
        if (reader is not null)
        {
            ReadUp(reader, through, into);
        }

        lock (_hub.Lock)
        {
            bool more = _behind.Count > 0 || _queue.Count > 0 || _control.Count > 0;
            if (_progressRequested && !more)
            {
                // Everything through this revision has been handed to this pump or an earlier one.
                _progressRequested = false;
                into.Add(new WatchResponse { Header = Header(_hub.Published), WatchId = -1 });
            }

            _awake |= more;
            return more;
        }
    }

    /// <summary>Ends all watches without a word.</summary>
    public void Dispose() => _hub.Close(this);

    internal void Enqueue(Watcher watcher, long revision, StoredEvent stored)
    {
        watcher.WasTold = true;
        _queue.Add((watcher, revision, stored));
        if (_queue.Count == MaxQueuedEvents + 1)
        {
            _hub.AddOverfull(this);
        }

        Wake();
    }

    /// <summary>Drops the queue; every watcher reads from the history what it has not been given.</summary>
    internal void FallBehind()
    {
        foreach ((Watcher watcher, long revision, _) in _queue)
        {
            if (watcher.IsSynced)
            {
                watcher.NextRevision = Math.Max(watcher.NextRevision, revision);
                MoveBehind(watcher);
            }
        }

        _queue.Clear();
        foreach (Watcher watcher in _watchers.Values)
        {
            if (watcher.IsSynced)
            {
                // Nothing waited for it, so it has everything so far.
                watcher.NextRevision = Math.Max(watcher.NextRevision, Math.Min(_hub.GivenThrough, _hub.Published) + 1);
                MoveBehind(watcher);
            }
        }

        Wake();
    }

    internal void DropAll()
    {
        _closed = true;
        foreach (Watcher watcher in _watchers.Values)
        {
            _hub.RemoveSynced(watcher);
            watcher.IsCanceled = true;
        }

        _watchers.Clear();
        _behind.Clear();
        _queue.Clear();
        _control.Clear();
    }

    private static ResponseHeader Header(long revision) => new() { Revision = revision };

    private void MoveBehind(Watcher watcher)
    {
        _hub.RemoveSynced(watcher);
        _behind.AddLast(watcher);
    }

    private void Remove(Watcher watcher)
    {
        _hub.RemoveSynced(watcher);
        _behind.Remove(watcher);
        _watchers.Remove(watcher.Id);
        watcher.IsCanceled = true;
    }

    private void Wake()
    {
        if (!_awake)
        {
            _awake = true;
            _wake();
        }
    }

    private void Deliver(List<(Watcher Watcher, long Revision, StoredEvent Event)> queue, List<WatchResponse> into)
    {
        bool mayCut = false;
        foreach ((Watcher watcher, long revision, StoredEvent stored) in queue)
        {
            if (watcher.IsCanceled)
            {
                continue;
            }

            if (!_open.TryGetValue(watcher, out WatchResponse? response))
            {
                response = new WatchResponse { Header = Header(revision), WatchId = watcher.Id };
                _open.Add(watcher, response);
                into.Add(response);
                mayCut |= watcher.WantsFragments;
            }

            response.Header.Revision = revision;
            response.Events.Add(stored.ToEvent(watcher.WantsPrevious));
        }

        if (mayCut)
        {
            Fragments.Split(into, _maxResponseBytes, id => _open.Keys.Any(watcher => watcher.Id == id && watcher.WantsFragments));
        }

        _open.Clear();
    }

    private void ReadUp(Watcher watcher, long through, List<WatchResponse> into)
    {
        long from = watcher.NextRevision;
        List<Event> events = [];
        long complete = through;
        bool compacted = false;
        if (from <= through)
        {
            try
            {
                complete = _hub.History.ReadEvents(watcher.Key, watcher.RangeEnd, from, through, HistoryEventsPerPump, events);
            }
            catch (StoreException exception) when (exception.Error == StoreErrors.Compacted)
            {
                compacted = true;
            }
        }

        WatchResponse? response = compacted ? null : ToResponse(watcher, complete, events);
        lock (_hub.Lock)
        {
            if (watcher.IsCanceled)
            {
                return;
            }

            if (compacted)
            {
                Remove(watcher);
                into.Add(new WatchResponse { Header = Header(0), WatchId = watcher.Id, Canceled = true, CompactRevision = _hub.History.CompactRevision });
                return;
            }

            if (response is not null)
            {
                watcher.WasTold = true;
                into.Add(response);
            }

            watcher.NextRevision = Math.Max(from, complete + 1);
            _behind.Remove(watcher);
            if (watcher.NextRevision > _hub.Published)
            {
                _hub.AddSynced(watcher);
            }
            else
            {
                // To the end of the line: one that is far behind must not keep the others waiting.
                _behind.AddLast(watcher);
            }
        }

        if (response is not null && watcher.WantsFragments)
        {
            Fragments.Split(into, _maxResponseBytes, id => id == watcher.Id);
        }
    }

    private WatchResponse? ToResponse(Watcher watcher, long revision, List<Event> events)
    {
        var response = new WatchResponse { Header = Header(revision), WatchId = watcher.Id };
        foreach (Event found in events)
        {
            if (watcher.Wants(found.Type))
            {
                if (watcher.WantsPrevious)
                {
                    found.PrevKv = _hub.History.Previous(found.Kv.Key, found.Kv.ModRevision);
                }

                response.Events.Add(found);
            }
        }

        return response.Events.Count > 0 ? response : null;
    }
}
