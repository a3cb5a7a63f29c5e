using Google.Protobuf;
using Veche.Api;
using Veche.Api.Commands;
using Veche.Store.Auth;
using Veche.Store.Engine;
using Veche.Store.Leases;
using Veche.Store.Mvcc;

namespace Veche.Store;

/// <summary>Reads. Each sees one committed state, whatever is applied meanwhile.</summary>
public sealed partial class KeyValueStore
{
    private readonly LeaseTable _leases = new();
    private readonly PageCounts _pages = new();
    private volatile IReadOnlyList<MemberAttributes> _memberList = [];
    private volatile IReadOnlySet<ulong> _removedMembers = new HashSet<ulong>();

    /// <summary>What is known of the members' names and addresses, in order of id.</summary>
    public IReadOnlyList<MemberAttributes> Members => _memberList;

    /// <summary>Ids of the members that were removed; none of them is ever used again.</summary>
    public IReadOnlySet<ulong> RemovedMembers => _removedMembers;

    /// <summary>Told, on the thread that applies, whenever something about the members has changed. Set before the store is used.</summary>
    public Action? MembersChanged { get; set; }

    /// <summary>Answers a range request; of the header only the revision is set.</summary>
    /// <param name="request">What is asked.</param>
    /// <param name="caller">Who asks. While authentication is on, nobody is refused. Default nobody.</param>
    /// <exception cref="StoreException">It is refused.</exception>
    public RangeResponse Range(RangeRequest request, Caller? caller = null) => RangeWithin(long.MaxValue, request, caller)!;

    /// <summary>The same; null when there would be more than so many bytes of keys and values, and <see cref="OpenRangeMessage"/> can give them piece by piece.</summary>
    /// <param name="maxBytes">The bound, in bytes.</param>
    /// <param name="request">What is asked.</param>
    /// <param name="caller">Who asks. While authentication is on, nobody is refused. Default nobody.</param>
    /// <exception cref="StoreException">It is refused.</exception>
    public RangeResponse? RangeWithin(long maxBytes, RangeRequest request, Caller? caller = null)
    {
        if (RequestValidator.Check(request) is { } senseless)
        {
            throw new StoreException(senseless);
        }

        Counters.CountRange();
        using OpenState state = OpenReading();
        Refuse(CheckRecent(state.Auth, caller) ?? RequestPermissions.Check(state.Auth, caller, request));
        var source = new CommittedKeyValues(state.View, state.Revision, state.CompactRevision);
        return RangeQuery.Check(request, source) is { } error ? throw new StoreException(error) : RangeQuery.RunWithin(maxBytes, request, source, _pages);
    }

    /// <summary>Begins the answer to a range that <see cref="RangeWithin"/> found too large, in bytes, however large it is.</summary>
    /// <param name="request">What is asked.</param>
    /// <param name="caller">Who asks. While authentication is on, nobody is refused. Default nobody.</param>
    /// <exception cref="StoreException">It is refused.</exception>
    public RangeMessage OpenRangeMessage(RangeRequest request, Caller? caller = null)
    {
        OpenState state = OpenReading();
        try
        {
            Refuse(CheckRecent(state.Auth, caller) ?? RequestPermissions.Check(state.Auth, caller, request));
            IEngineView view = state.View.ForLongWalk();
            var source = new CommittedKeyValues(view, state.Revision, state.CompactRevision);
            Refuse(RangeQuery.Check(request, source));
            return new RangeMessage(request, source, view, _pages);
        }
        catch
        {
            state.Dispose();
            throw;
        }
    }

    /// <summary>Begins a range that is read piece by piece, however large it is: all of it as of the state of this moment.</summary>
    /// <param name="request">What is asked: in the order of keys, and without filters by revision.</param>
    /// <param name="caller">Who asks. While authentication is on, nobody is refused. Default nobody.</param>
    /// <exception cref="StoreException">It is refused.</exception>
    public RangeScan OpenRange(RangeRequest request, Caller? caller = null)
    {
        Refuse(RequestValidator.CheckScan(request));
        Counters.CountRange();
        OpenState state = OpenReading();
        try
        {
            Refuse(CheckRecent(state.Auth, caller) ?? RequestPermissions.Check(state.Auth, caller, request));
            IEngineView view = state.View.ForLongWalk();
            var source = new CommittedKeyValues(view, state.Revision, state.CompactRevision);
            Refuse(RangeQuery.Check(request, source));
            return new RangeScan(request, source, view);
        }
        catch
        {
            state.Dispose();
            throw;
        }
    }

    /// <summary>Runs a transaction that only reads.</summary>
    /// <param name="request">What is asked.</param>
    /// <param name="caller">Who asks. While authentication is on, nobody is refused. Default nobody.</param>
    /// <exception cref="StoreException">It is refused.</exception>
    /// <exception cref="ArgumentException">It would change something.</exception>
    public TxnResponse ReadTransaction(TxnRequest request, Caller? caller = null)
    {
        Counters.CountTransaction();
        if (!RequestValidator.IsReadOnly(request))
        {
            throw new ArgumentException("The transaction does not only read.", nameof(request));
        }

        using OpenState state = OpenReading();
        Refuse(CheckRecent(state.Auth, caller) ?? RequestPermissions.Check(state.Auth, caller, request, static _ => []));
        var source = new CommittedKeyValues(state.View, state.Revision, state.CompactRevision);
        Transaction transaction = Transaction.Choose(request, source);
        return transaction.Check(source) is { } error ? throw new StoreException(error) : transaction.Run(source, writer: null);
    }

    /// <summary>A lease, or null.</summary>
    public LeaseRecord? FindLease(long id) => _leases.Find(id);

    /// <summary>All leases, in order of id.</summary>
    public IReadOnlyList<LeaseRecord> Leases() => _leases.ToList();

    /// <summary>The keys attached to a lease, in order.</summary>
    public IReadOnlyList<ByteString> KeysOf(long leaseId)
    {
        using OpenState state = OpenReading();
        return LeaseKeys.Read(state.View, leaseId);
    }

    /// <inheritdoc/>
    public long ReadEvents(ByteString key, ByteString rangeEnd, long fromRevision, long throughRevision, int maxEvents, List<Event> into)
    {
        using OpenState state = OpenReading();
        if (fromRevision < state.CompactRevision)
        {
            throw new StoreException(StoreErrors.Compacted);
        }

        var range = new KeyRange(key, rangeEnd);
        long last = Math.Min(throughRevision, state.Revision);
        long complete = last;
        int before = into.Count;
        long reached = 0;
        MvccReader.ForEachChange(state.View, fromRevision, last, (revision, tombstone, bytes) =>
        {
            if (revision.Main != reached && into.Count - before >= maxEvents)
            {
                complete = revision.Main - 1;
                return false;
            }

            reached = revision.Main;
            KeyValue kv = KeyValue.Parser.ParseFrom(bytes);
            if (range.Contains(kv.Key.Span))
            {
                into.Add(tombstone
                    ? new Event { Type = Event.Types.EventType.Delete, Kv = new KeyValue { Key = kv.Key, ModRevision = revision.Main } }
                    : new Event { Type = Event.Types.EventType.Put, Kv = kv });
            }

            return true;
        });
        return complete;
    }

    /// <inheritdoc/>
    public KeyValue? Previous(ByteString key, long beforeRevision)
    {
        using OpenState state = OpenReading();
        return beforeRevision - 1 < state.CompactRevision ? null : MvccReader.At(state.View, key.Span, beforeRevision - 1);
    }

    /// <summary>A caller that was recognised at a later revision than this state has may have lost a permission that the state still shows.</summary>
    private static StoreError? CheckRecent(AuthView auth, Caller? caller) => auth.IsEnabled && caller?.Revision > auth.Revision ? AuthErrors.OldRevision : null;

    private static void Refuse(StoreError? error)
    {
        if (error is not null)
        {
            throw new StoreException(error);
        }
    }

    private void LoadLeases()
    {
        _leases.Clear();
        using IEngineView view = _engine.OpenView();
        using IEngineIterator iterator = view.OpenIterator();
        for (iterator.Seek([KeyLayout.Lease]); iterator.IsValid && iterator.Key[0] == KeyLayout.Lease; iterator.Next())
        {
            _leases.Set(LeaseKeys.Decode(iterator.Key, iterator.Value));
        }
    }

    private void LoadMembers()
    {
        List<MemberAttributes> members = [];
        using IEngineView view = _engine.OpenView();
        using IEngineIterator iterator = view.OpenIterator();
        for (iterator.Seek([KeyLayout.Member]); iterator.IsValid && iterator.Key[0] == KeyLayout.Member; iterator.Next())
        {
            members.Add(MemberAttributes.Parser.ParseFrom(iterator.Value));
        }

        _memberList = members;
        HashSet<ulong> removed = [];
        for (iterator.Seek([KeyLayout.Removed]); iterator.IsValid && iterator.Key[0] == KeyLayout.Removed; iterator.Next())
        {
            removed.Add(System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(iterator.Key[1..]));
        }

        _removedMembers = removed;
    }
}
