using Google.Protobuf;
using Veche.Api;
using Veche.Store.Engine;
using Veche.Store.Leases;
using Veche.Store.Watching;

namespace Veche.Store.Mvcc;

/// <summary>Changes the state, batch by batch. Later commands of a batch see what earlier ones did; nobody else does before it is committed.</summary>
internal sealed partial class MvccWriter(IKeyValueEngine engine, LeaseTable leases) : IKeyValues
{
    private readonly byte[] _indexValue = new byte[KeyLayout.IndexValueLength];
    private readonly HotKeys _hot = new();
    private readonly Dictionary<ByteString, KeyValue?> _changed = [];
    private readonly List<(LeaseRecord Lease, LeaseChange Change, long Term)> _leaseChanges = [];
    private byte[] _keyRoom = new byte[256];
    private byte[] _valueRoom = new byte[1024];
    private IEngineView? _view;
    private List<StoredEvent>? _events;
    private long _mainRevision;
    private long _subRevision;

    /// <summary>The changes of each revision of the batch.</summary>
    public List<(long Revision, List<StoredEvent> Events)> Published { get; } = [];

    public long CompactRevision { get; private set; }

    /// <summary>Bytes that keys, values, history, indexes and leases take in the engine.</summary>
    public long DataBytes { get; private set; }

    /// <summary>Keys that there are.</summary>
    public long Keys { get; private set; }

    /// <summary>Inside a transaction that has changed something, the revision it will get.</summary>
    public long Revision => _mainRevision + (_subRevision > 0 ? 1 : 0);

    public void Begin(long revision, long compactRevision, long dataBytes, long keys)
    {
        _mainRevision = revision;
        DataBytes = dataBytes;
        Keys = keys;
        CompactRevision = compactRevision;
    }

    /// <summary>The batch is committed.</summary>
    public void End()
    {
        foreach ((ByteString key, KeyValue? value) in _changed)
        {
            _hot.Set(key, value);
        }

        _changed.Clear();
        _leaseChanges.Clear();
        _members.Clear();
        Published.Clear();
        _view?.Dispose();
        _view = null;
    }

    public object Put(PutRequest request)
    {
        if (Transaction.CheckPut(request, this) is { } error)
        {
            return error;
        }

        PutResponse response = DoPut(request);
        EndTransaction();
        return response;
    }

    public object DeleteRange(DeleteRangeRequest request)
    {
        DeleteRangeResponse response = DoDelete(request);
        EndTransaction();
        return response;
    }

    public object Transact(TxnRequest request)
    {
        Transaction transaction = Transaction.Choose(request, this);
        if (transaction.Check(this) is { } error)
        {
            return error;
        }

        TxnResponse response = transaction.Run(this, this);
        EndTransaction();
        return response;
    }

    public object Compact(CompactionRequest request)
    {
        if (request.Revision > _mainRevision)
        {
            return StoreErrors.FutureRevision;
        }

        if (request.Revision <= CompactRevision)
        {
            return StoreErrors.Compacted;
        }

        CompactRevision = request.Revision;
        return new CompactionResponse { Header = Header() };
    }

    /// <summary>A put that was checked, as part of a transaction.</summary>
    public PutResponse DoPut(PutRequest request)
    {
        KeyValue? old = Current(request.Key);
        var revision = new Revision(_mainRevision + 1, _subRevision++);
        var kv = new KeyValue
        {
            Key = request.Key,
            Value = request.IgnoreValue ? old!.Value : request.Value,
            CreateRevision = old?.CreateRevision ?? revision.Main,
            ModRevision = revision.Main,
            Version = (old?.Version ?? 0) + 1,
            Lease = request.IgnoreLease ? old!.Lease : request.Lease,
        };
        ReadOnlySpan<byte> bytes = Encode(kv);
        int length = bytes.Length;
        EngineBatch batch = engine.Batch;
        batch.Put(KeyLayout.WriteCurrent(KeyRoom(KeyLayout.CurrentLength(kv.Key.Length)), kv.Key.Span), bytes);
        batch.Put(KeyLayout.WriteHistory(KeyRoom(KeyLayout.MaxHistoryLength), revision, tombstone: false), bytes);
        PutIndex(kv.Key, revision, tombstone: false, length);
        DataBytes += KeyLayout.CurrentLength(kv.Key.Length) + length + 1 + Mvcc.Revision.Length + length - (old is null ? 0 : KeyLayout.CurrentLength(old.Key.Length) + old.CalculateSize());
        Keys += old is null ? 1 : 0;
        long oldLease = old?.Lease ?? 0;
        if (oldLease != kv.Lease)
        {
            Detach(oldLease, kv.Key);
            if (kv.Lease != 0)
            {
                batch.Put(KeyLayout.AttachmentKey(kv.Lease, kv.Key.Span), default);
                DataBytes += KeyLayout.AttachmentLength(kv.Key.Length);
            }
        }

        _changed[kv.Key] = kv;
        Tell(Event.Types.EventType.Put, kv, old);
        return new PutResponse { Header = Header(), PrevKv = request.PrevKv ? old : null };
    }

    /// <summary>A deletion, as part of a transaction.</summary>
    public DeleteRangeResponse DoDelete(DeleteRangeRequest request)
    {
        var range = new KeyRange(request.Key, request.RangeEnd);
        List<KeyValue> found = [];
        if (range.IsSingle)
        {
            if (Current(request.Key) is { } single)
            {
                found.Add(single);
            }
        }
        else
        {
            ForEachCurrent(range, kv =>
            {
                found.Add(kv);
                return true;
            });
        }

        foreach (KeyValue kv in found)
        {
            Delete(kv);
        }

        var response = new DeleteRangeResponse { Header = Header(), Deleted = found.Count };
        if (request.PrevKv)
        {
            response.PrevKvs.AddRange(found);
        }

        return response;
    }

    private void Delete(KeyValue old)
    {
        var revision = new Revision(_mainRevision + 1, _subRevision++);
        EngineBatch batch = engine.Batch;
        batch.Delete(KeyLayout.WriteCurrent(KeyRoom(KeyLayout.CurrentLength(old.Key.Length)), old.Key.Span));
        ReadOnlySpan<byte> bytes = Encode(new KeyValue { Key = old.Key });
        int length = bytes.Length;
        batch.Put(KeyLayout.WriteHistory(KeyRoom(KeyLayout.MaxHistoryLength), revision, tombstone: true), bytes);
        PutIndex(old.Key, revision, tombstone: true, length);
        DataBytes += KeyLayout.MaxHistoryLength + length - KeyLayout.CurrentLength(old.Key.Length) - old.CalculateSize();
        Keys--;
        Detach(old.Lease, old.Key);
        _changed[old.Key] = null;
        Tell(Event.Types.EventType.Delete, new KeyValue { Key = old.Key, ModRevision = revision.Main }, old);
    }

    private void Detach(long lease, ByteString key)
    {
        if (lease != 0)
        {
            engine.Batch.Delete(KeyLayout.AttachmentKey(lease, key.Span));
            DataBytes -= KeyLayout.AttachmentLength(key.Length);
        }
    }

    private void PutIndex(ByteString key, Revision revision, bool tombstone, int length)
    {
        ReadOnlySpan<byte> index = KeyLayout.WriteIndex(KeyRoom(KeyLayout.MaxIndexLength(key.Length)), key.Span, revision);
        engine.Batch.Put(index, KeyLayout.WriteIndexValue(_indexValue, tombstone, length));
        DataBytes += index.Length + KeyLayout.IndexValueLength;
    }

    private void Tell(Event.Types.EventType type, KeyValue kv, KeyValue? previous)
    {
        (_events ??= []).Add(new StoredEvent(type, kv, previous));
    }

    private void EndTransaction()
    {
        if (_subRevision > 0)
        {
            _mainRevision++;
            _subRevision = 0;
            if (_events is not null)
            {
                Published.Add((_mainRevision, _events));
                _events = null;
            }
        }
    }

    private ResponseHeader Header() => new() { Revision = Revision };

    private Span<byte> KeyRoom(int length)
    {
        if (_keyRoom.Length < length)
        {
            _keyRoom = new byte[length * 2];
        }

        return _keyRoom;
    }

    private ReadOnlySpan<byte> Encode(KeyValue kv)
    {
        int size = kv.CalculateSize();
        if (_valueRoom.Length < size)
        {
            _valueRoom = new byte[size * 2];
        }

        Span<byte> room = _valueRoom.AsSpan(0, size);
        kv.WriteTo(room);
        return room;
    }
}
