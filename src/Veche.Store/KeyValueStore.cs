using System.Buffers.Binary;
using Google.Protobuf;
using Veche.Raft;
using Veche.Replica;
using Veche.Store.Auth;
using Veche.Store.Engine;
using Veche.Store.Integrity;
using Veche.Store.Leases;
using Veche.Store.Watching;

namespace Veche.Store;

/// <summary>
/// etcd's data model as a replicated state machine: keys with their history, transactions, leases, and the members' addresses. Applies on one
/// thread; every read may run beside it and sees one state.
/// </summary>
public sealed partial class KeyValueStore : IStateMachine, IEventHistory, IDisposable
{
    /// <summary>The revision of an empty store, as etcd counts.</summary>
    public const long FirstRevision = 1;

    private readonly IStoreHome _home;
    private readonly System.Threading.Lock _stateLock = new();
    private IKeyValueEngine _engine;
    private Meta _meta;
    private State _state;
    private long _durableIndex;

    private KeyValueStore(IStoreHome home)
    {
        _home = home;
        _engine = home.OpenEngine();
        Watch(_engine);
        try
        {
            (_meta, _state, _auth) = Load();
        }
        catch (Exception exception) when (exception is InvalidProtocolBufferException or ArgumentOutOfRangeException or IndexOutOfRangeException)
        {
            _engine.Dispose();
            throw new StateDamagedException($"a stored record makes no sense: {exception.Message}", exception);
        }
        catch
        {
            _engine.Dispose();
            throw;
        }
    }

    private (Meta Meta, State State, AuthView Auth) Load()
    {
        _meta = LoadMeta();
        AdoptHash(_meta);
        _durableIndex = _engine.IsDurable ? _meta.Applied.Index : 0;
        LoadLeases();
        LoadMembers();
        LoadAlarms();
        LoadDowngrade();
        LoadSessions();
        return (_meta, new State(_engine, _meta.Revision, _meta.CompactRevision, _meta.DataBytes, _meta.Keys, _meta.Applied.Index), ReadAuth(_engine));
    }

    private void AdoptHash(in Meta meta)
    {
        _appliedHash.Value = meta.AppliedHash;
        _appliedHashSince = meta.AppliedHashSince;
    }

    /// <summary>Told about every change of a key. Set before the store is used.</summary>
    public IEventSink? EventSink { get; set; }

    /// <summary>Told about every lease. Set before the store is used; gets all there are at once.</summary>
    public ILeaseObserver? LeaseObserver
    {
        get;
        set
        {
            field = value;
            value?.Reset(Leases(), _meta.Applied.Term);
        }
    }

    /// <summary>Told, on the thread that applies, that the state has moved on: <see cref="CurrentRevision"/> and <see cref="AppliedIndex"/> say how far. Set before the store is used.</summary>
    public Action? Advanced { get; set; }

    /// <summary>Place in the log that readers see the state of.</summary>
    public long AppliedIndex => Volatile.Read(ref _state).AppliedIndex;

    /// <summary>What this member has done since it started.</summary>
    public StoreCounters Counters { get; } = new();

    /// <inheritdoc/>
    public LogPosition Applied => _meta.Applied;

    /// <inheritdoc/>
    public bool IsDurable => _engine.IsDurable;

    /// <inheritdoc/>
    public long DurableIndex => Interlocked.Read(ref _durableIndex);

    /// <inheritdoc/>
    public long CurrentRevision => Volatile.Read(ref _state).Revision;

    /// <inheritdoc/>
    public long CompactRevision => Volatile.Read(ref _state).CompactRevision;

    /// <summary>Bytes the data takes where it is kept, roughly: compressed, and with what is not yet cleared away.</summary>
    public long SizeBytes => _engine.SizeBytes;

    /// <summary>Bytes of keys, values, history, indexes and leases, before compression and without what has been removed. The same on every member that has reclaimed as much.</summary>
    public long DataBytes => Volatile.Read(ref _state).DataBytes;

    /// <summary>Keys that there are now.</summary>
    public long Keys => Volatile.Read(ref _state).Keys;

    /// <summary>Bytes of memory that what was applied since the last flush takes, roughly; 0 for a store without a directory.</summary>
    public long UnflushedBytes => Volatile.Read(ref _state).Engine.UnflushedBytes;

    /// <summary>Opens a store, or begins one.</summary>
    /// <exception cref="IOException">The directory cannot be used; the message says why and what to do.</exception>
    public static KeyValueStore Open(StoreOptions options) => new(new StoreHome(options.DataDirectory));

    /// <summary>The same over engines of any kind.</summary>
    internal static KeyValueStore Open(IStoreHome home) => new(home);

    /// <inheritdoc/>
    public void Flush()
    {
        // Read before the flush: what is applied meanwhile may or may not be in it.
        long index;
        IKeyValueEngine engine;
        lock (_stateLock)
        {
            index = _meta.Applied.Index;
            engine = _engine;
        }

        engine.Flush();
        if (engine.IsDurable)
        {
            lock (_stateLock)
            {
                _durableIndex = Math.Max(_durableIndex, index);
            }
        }
    }

    /// <summary>Gives room that is no longer used back to the disk. May take long; everything else goes on beside it.</summary>
    public void Defragment()
    {
        IKeyValueEngine engine = Volatile.Read(ref _state).Engine;
        engine.Flush();
        engine.Defragment();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_engine.IsDurable)
        {
            try
            {
                _engine.Flush();
            }
            catch (IOException)
            {
                // It only saves work at the next start: what was not flushed is applied again from the log.
                _durableIndex = 0;
            }
        }

        _engine.Dispose();
        foreach (IKeyValueEngine retired in _retired)
        {
            retired.Dispose();
        }
    }

    /// <summary>One state: a view of the engine and the revisions that belong to it.</summary>
    private OpenState OpenReading()
    {
        lock (_stateLock)
        {
            return new OpenState(_engine.OpenView(), _state.Revision, _state.CompactRevision, _auth);
        }
    }

    private Meta LoadMeta()
    {
        using IEngineView view = _engine.OpenView();
        return view.Get([Mvcc.KeyLayout.Meta]) is { } bytes ? Counted(Meta.Decode(bytes), view) : new Meta(LogPosition.Zero, FirstRevision, 0, 0, 0, 0, 0, 0);
    }

    /// <summary>The revisions of a state, for those who need no data.</summary>
    private sealed record State(IKeyValueEngine Engine, long Revision, long CompactRevision, long DataBytes, long Keys, long AppliedIndex);

    private readonly record struct OpenState(IEngineView View, long Revision, long CompactRevision, AuthView Auth) : IDisposable
    {
        public void Dispose() => View.Dispose();
    }

    /// <summary>What is in the same batch as the data it describes.</summary>
    private readonly record struct Meta(LogPosition Applied, long Revision, long CompactRevision, long ReclaimedRevision, long DataBytes, long Keys, ulong AppliedHash, long AppliedHashSince)
    {
        public const int Length = LengthWithoutHash + 1 + 16;
        private const int LengthWithoutHash = LengthWithoutBytes + 16;
        private const int LengthWithoutBytes = 1 + (5 * 8);
        public const long Uncounted = -1;
        private const byte FormatVersion = 1;

        public void Encode(Span<byte> destination)
        {
            destination[0] = FormatVersion;
            BinaryPrimitives.WriteInt64LittleEndian(destination[1..], Applied.Index);
            BinaryPrimitives.WriteInt64LittleEndian(destination[9..], Applied.Term);
            BinaryPrimitives.WriteInt64LittleEndian(destination[17..], Revision);
            BinaryPrimitives.WriteInt64LittleEndian(destination[25..], CompactRevision);
            BinaryPrimitives.WriteInt64LittleEndian(destination[33..], ReclaimedRevision);
            BinaryPrimitives.WriteInt64LittleEndian(destination[41..], DataBytes);
            BinaryPrimitives.WriteInt64LittleEndian(destination[49..], Keys);
            destination[LengthWithoutHash] = (byte)StateCheck.Format;
            BinaryPrimitives.WriteUInt64LittleEndian(destination[(LengthWithoutHash + 1)..], AppliedHash);
            BinaryPrimitives.WriteInt64LittleEndian(destination[(LengthWithoutHash + 9)..], AppliedHashSince);
        }

        public static Meta Decode(ReadOnlySpan<byte> source)
        {
            if (source.Length < LengthWithoutBytes || source[0] != FormatVersion)
            {
                throw source.Length > 0 && source[0] > FormatVersion
                    ? new InvalidDataException($"the store has format version {source[0]}; this version of Veche knows {FormatVersion}. Start the version that wrote it, or a later one.")
                    : new StateDamagedException("the store's own record is damaged");
            }

            // A version before this one did not hash, and another one may have hashed otherwise: what it did is not known then, until the next check.
            bool isHashed = source.Length >= Length && source[LengthWithoutHash] == StateCheck.Format;

            return new Meta(
                new LogPosition(BinaryPrimitives.ReadInt64LittleEndian(source[1..]), BinaryPrimitives.ReadInt64LittleEndian(source[9..])),
                BinaryPrimitives.ReadInt64LittleEndian(source[17..]),
                BinaryPrimitives.ReadInt64LittleEndian(source[25..]),
                BinaryPrimitives.ReadInt64LittleEndian(source[33..]),
                source.Length >= LengthWithoutHash ? BinaryPrimitives.ReadInt64LittleEndian(source[41..]) : Uncounted,
                source.Length >= LengthWithoutHash ? BinaryPrimitives.ReadInt64LittleEndian(source[49..]) : Uncounted,
                isHashed ? BinaryPrimitives.ReadUInt64LittleEndian(source[(LengthWithoutHash + 1)..]) : 0,
                isHashed ? BinaryPrimitives.ReadInt64LittleEndian(source[(LengthWithoutHash + 9)..]) : 0);
        }
    }
}
