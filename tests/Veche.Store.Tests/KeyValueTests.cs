using Google.Protobuf;
using Veche.Api;
using Veche.Api.Commands;
using static Veche.Store.Tests.StoreHarness;

namespace Veche.Store.Tests;

public sealed class KeyValueTests : IDisposable
{
    private readonly StoreHarness _store = InMemory();

    [Fact]
    public void A_put_counts_revisions_and_versions()
    {
        Assert.Equal(1, _store.Range("a").Header.Revision);
        Assert.Equal(2, _store.Put("a", "1").Header.Revision);
        Assert.Equal("1", _store.Put("a", "2", prevKv: true).PrevKv.Value.ToStringUtf8());
        KeyValue kv = _store.Range("a").Kvs[0];
        Assert.Equal((2L, 3L, 2L, "2"), (kv.CreateRevision, kv.ModRevision, kv.Version, kv.Value.ToStringUtf8()));
        _store.Delete("a");
        _store.Put("a", "3");
        kv = _store.Range("a").Kvs[0];
        Assert.Equal((5L, 5L, 1L), (kv.CreateRevision, kv.ModRevision, kv.Version));
    }

    [Fact]
    public void Ranges_with_ends_prefixes_limits_orders_and_filters()
    {
        foreach (string key in (string[])["b", "a", "ab", "c", "a\0", "abc"])
        {
            _store.Put(key, key.Length.ToString(System.Globalization.CultureInfo.InvariantCulture));
        }

        Assert.Equal("a=1 a\0=2 ab=2 abc=3", _store.Keys("a", "b"));
        Assert.Equal("ab=2 abc=3", _store.Keys("ab", "ac"));
        Assert.Equal("b=1 c=1", _store.Keys("b", "\0"));
        Assert.Equal(6, _store.Range("\0", "\0").Count);
        RangeResponse limited = _store.Range("a", "\0", static r => r.Limit = 2);
        Assert.Equal((2, true, 6L), (limited.Kvs.Count, limited.More, limited.Count));
        Assert.Equal("c=1 b=1 abc=3 ab=2 a\0=2 a=1", _store.Keys("a", "\0", static r => r.SortOrder = RangeRequest.Types.SortOrder.Descend));
        Assert.Equal("abc=3", _store.Keys("a", "\0", static r => (r.SortTarget, r.SortOrder, r.Limit) = (RangeRequest.Types.SortTarget.Value, RangeRequest.Types.SortOrder.Descend, 1)));
        Assert.Equal("b=1 a=1 ab=2 c=1 a\0=2 abc=3", _store.Keys("a", "\0", static r => r.SortTarget = RangeRequest.Types.SortTarget.Mod));
        RangeResponse filtered = _store.Range("a", "\0", static r => (r.MinModRevision, r.MaxModRevision) = (3, 4));
        Assert.Equal((2, 6L), (filtered.Kvs.Count, filtered.Count));
        Assert.Equal((0, 6L), (_store.Range("a", "\0", static r => r.CountOnly = true).Kvs.Count, _store.Range("a", "\0", static r => r.CountOnly = true).Count));
        Assert.True(_store.Range("a", "\0", static r => r.KeysOnly = true).Kvs.All(static kv => kv.Value.IsEmpty));
        Assert.Equal(StoreErrors.EmptyKey, _store.Refused(static r => r.Key = ByteString.Empty));
        Assert.Equal(StoreErrors.InvalidSortOption, _store.Refused(static r => r.SortOrder = (RangeRequest.Types.SortOrder)9));
    }

    [Fact]
    public void The_past_is_there_until_it_is_compacted()
    {
        _store.Put("a", "1");
        _store.Put("b", "1");
        _store.Put("a", "2");
        _store.Delete("b");
        _store.Put("c", "3");
        Assert.Equal("a=1", _store.Keys("a", "\0", static r => r.Revision = 2));
        Assert.Equal("a=1 b=1", _store.Keys("a", "\0", static r => r.Revision = 3));
        Assert.Equal("a=2", _store.Keys("a", "\0", static r => r.Revision = 5));
        Assert.Equal(6, _store.Range("a", more: static r => r.Revision = 2).Header.Revision);
        Assert.Equal(StoreErrors.FutureRevision, _store.Refused(static r => r.Revision = 7));
        Assert.Equal(StoreErrors.FutureRevision, _store.Compact(7));
        Assert.IsType<CompactionResponse>(_store.Compact(4));
        Assert.Equal(StoreErrors.Compacted, _store.Compact(4));
        Assert.Equal(StoreErrors.Compacted, _store.Refused(static r => r.Revision = 3));
        Assert.Equal("a=2 b=1", _store.Keys("a", "\0", static r => r.Revision = 4));
        while (_store.Store.ReclaimSlice(1))
        {
        }

        Assert.Equal("a=2 b=1", _store.Keys("a", "\0", static r => r.Revision = 4));
        Assert.Equal("a=2 c=3", _store.Keys("a", "\0"));
        Assert.False(_store.Store.NeedsTidying);
    }

    [Fact]
    public void Deletes_count_and_tell_what_was_there()
    {
        _store.Put("a1", "x");
        _store.Put("a2", "y");
        _store.Put("b", "z");
        DeleteRangeResponse deleted = _store.Delete("a", "b", prevKv: true);
        Assert.Equal((2L, 5L, "x y"), (deleted.Deleted, deleted.Header.Revision, string.Join(' ', deleted.PrevKvs.Select(static kv => kv.Value.ToStringUtf8()))));
        Assert.Equal((0L, 5L), (_store.Delete("nothing").Deleted, _store.Delete("nothing").Header.Revision));
    }

    [Fact]
    public void Transactions_compare_then_do_everything_in_one_revision()
    {
        _store.Put("a", "1");
        var request = new TxnRequest
        {
            Compare = { new Compare { Key = B("a"), Target = Compare.Types.CompareTarget.Value, Result = Compare.Types.CompareResult.Equal, Value = B("1") } },
            Success =
            {
                new RequestOp { RequestPut = new PutRequest { Key = B("a"), Value = B("2") } },
                new RequestOp { RequestPut = new PutRequest { Key = B("b"), Value = B("3") } },
                new RequestOp { RequestRange = new RangeRequest { Key = B("a"), RangeEnd = B("\0") } },
                new RequestOp { RequestDeleteRange = new DeleteRangeRequest { Key = B("c") } },
            },
            Failure = { new RequestOp { RequestRange = new RangeRequest { Key = B("a") } } },
        };
        var done = (TxnResponse)_store.Txn(request);
        Assert.Equal((true, 3L, 2), (done.Succeeded, done.Header.Revision, done.Responses[2].ResponseRange.Kvs.Count));
        Assert.Equal(3, _store.Range("a").Kvs[0].ModRevision);
        done = (TxnResponse)_store.Txn(request);
        Assert.Equal((false, 3L, "2"), (done.Succeeded, done.Header.Revision, done.Responses[0].ResponseRange.Kvs[0].Value.ToStringUtf8()));
    }

    [Fact]
    public void Compares_on_a_missing_key_use_zeros_but_never_a_value()
    {
        Assert.True(Succeeds(new Compare { Key = B("x"), Target = Compare.Types.CompareTarget.Version, Result = Compare.Types.CompareResult.Equal, Version = 0 }));
        Assert.True(Succeeds(new Compare { Key = B("x"), Target = Compare.Types.CompareTarget.Mod, Result = Compare.Types.CompareResult.Less, ModRevision = 1 }));
        Assert.False(Succeeds(new Compare { Key = B("x"), Target = Compare.Types.CompareTarget.Value, Result = Compare.Types.CompareResult.NotEqual, Value = B("y") }));
        _store.Put("a1", "1");
        _store.Put("a2", "1");
        var all = new Compare { Key = B("a"), RangeEnd = B("b"), Target = Compare.Types.CompareTarget.Value, Result = Compare.Types.CompareResult.Equal, Value = B("1") };
        Assert.True(Succeeds(all));
        _store.Put("a3", "2");
        Assert.False(Succeeds(all));
    }

    [Fact]
    public void A_transaction_that_is_refused_changes_nothing()
    {
        var request = new TxnRequest
        {
            Success =
            {
                new RequestOp { RequestPut = new PutRequest { Key = B("a"), Value = B("1") } },
                new RequestOp { RequestTxn = new TxnRequest { Success = { new RequestOp { RequestPut = new PutRequest { Key = B("b"), IgnoreValue = true } } } } },
            },
        };
        Assert.Equal(StoreErrors.KeyNotFound, _store.Txn(request));
        request.Success[1] = new RequestOp { RequestPut = new PutRequest { Key = B("b"), Lease = 99 } };
        Assert.Equal(StoreErrors.LeaseNotFound, _store.Txn(request));
        request.Success[1] = new RequestOp { RequestRange = new RangeRequest { Key = B("b"), Revision = 50 } };
        Assert.Equal(StoreErrors.FutureRevision, _store.Txn(request));
        Assert.Equal((1L, 0L), (_store.Store.CurrentRevision, _store.Range("a").Count));
    }

    [Fact]
    public void Senseless_requests_are_refused_before_they_are_proposed()
    {
        var limits = new RequestLimits { MaxTransactionOperations = 2, MaxRequestBytes = 1000 };
        Assert.Equal(StoreErrors.ValueProvided, RequestValidator.Check(new PutRequest { Key = B("a"), Value = B("x"), IgnoreValue = true }, limits));
        Assert.Equal(StoreErrors.LeaseProvided, RequestValidator.Check(new PutRequest { Key = B("a"), Lease = 5, IgnoreLease = true }, limits));
        Assert.Equal(StoreErrors.RequestTooLarge, RequestValidator.Check(new PutRequest { Key = B("a"), Value = ByteString.CopyFrom(new byte[1000]) }, limits));
        RequestOp put = new() { RequestPut = new PutRequest { Key = B("k") } };
        RequestOp delete = new() { RequestDeleteRange = new DeleteRangeRequest { Key = B("a"), RangeEnd = B("z") } };
        Assert.Equal(StoreErrors.TooManyOperations, RequestValidator.Check(new TxnRequest { Success = { put, put, put } }, limits));
        Assert.Equal(StoreErrors.DuplicateKey, RequestValidator.Check(new TxnRequest { Success = { put, put } }, limits));
        Assert.Equal(StoreErrors.DuplicateKey, RequestValidator.Check(new TxnRequest { Success = { delete, put } }, limits));
        Assert.Equal(StoreErrors.DuplicateKey, RequestValidator.Check(new TxnRequest { Success = { put, new RequestOp { RequestTxn = new TxnRequest { Failure = { put } } } } }, limits));
        Assert.Null(RequestValidator.Check(new TxnRequest { Success = { put }, Failure = { put } }, limits));
        Assert.Null(RequestValidator.Check(new TxnRequest { Success = { new RequestOp { RequestTxn = new TxnRequest { Success = { put }, Failure = { put } } } } }, limits));
        Assert.Equal(StoreErrors.EmptyKey, RequestValidator.Check(new TxnRequest { Compare = { new Compare() } }, limits));
        Assert.Equal(StoreErrors.LeaseTtlTooLarge, RequestValidator.Check(new LeaseGrantRequest { TTL = 9_000_000_001 }));
    }

    [Fact]
    public void Leases_take_their_keys_with_them_in_one_revision()
    {
        Assert.IsType<LeaseGrantResponse>(_store.Do(new Command { LeaseGrant = new LeaseGrantRequest { ID = 7, TTL = 10 } }));
        Assert.Equal(StoreErrors.LeaseExists, _store.Do(new Command { LeaseGrant = new LeaseGrantRequest { ID = 7, TTL = 10 } }));
        Assert.Equal(StoreErrors.LeaseNotFound, _store.Do(PutOf("x", "1", lease: 8)));
        _store.Put("a", "1", lease: 7);
        _store.Put("b", "1", lease: 7);
        _store.Put("c", "1", lease: 7);
        _store.Put("b", "2");
        Assert.Equal("a c", string.Join(' ', _store.Store.KeysOf(7).Select(static key => key.ToStringUtf8())));
        Assert.IsType<LeaseRevokeResponse>(_store.Do(new Command { LeaseRevoke = new LeaseRevokeRequest { ID = 7 } }));
        Assert.Equal("b=2", _store.Keys("a", "\0"));
        Assert.Equal(6, _store.Store.CurrentRevision);
        Assert.Equal(StoreErrors.LeaseNotFound, _store.Do(new Command { LeaseRevoke = new LeaseRevokeRequest { ID = 7 } }));
    }

    [Fact]
    public void A_command_of_a_later_version_is_the_same_refusal_everywhere() =>
        Assert.Equal(StoreErrors.UnknownCommand, _store.Do(Command.Parser.ParseFrom([0xFA, 0x01, 0x00])));

    [Fact]
    public void One_batch_or_many_lead_to_the_same_state()
    {
        List<Command> commands = [.. RandomCommands.Make(new Random(5), 400)];
        using StoreHarness oneByOne = InMemory();
        List<object> singly = [.. commands.Select(oneByOne.Do)];
        List<object> together = _store.DoAll(commands);
        Assert.Equal(singly.Select(static result => result.ToString()), together.Select(static result => result.ToString()));
        Assert.Equal(oneByOne.Store.HashHistory(0, out _, out _), _store.Store.HashHistory(0, out _, out _));
    }

    /// <summary>The numbers are what etcd 3.4.23 prints for <c>endpoint hashkv</c> after the same operations.</summary>
    [Theory]
    [InlineData(7, 1837875731u)]
    [InlineData(9, 2015077156u)]
    public void The_hash_is_etcds_before_and_after_a_compaction(long compactRevision, uint afterwards)
    {
        for (int i = 1; i <= 5; i++)
        {
            _store.Put($"k{i}", $"v{i}");
        }

        _store.Put("k1", "again");
        _store.Delete("k2");
        _store.Txn(new TxnRequest
        {
            Success =
            {
                new RequestOp { RequestPut = new PutRequest { Key = B("k3"), Value = B("x") } },
                new RequestOp { RequestPut = new PutRequest { Key = B("k9"), Value = B("y") } },
                new RequestOp { RequestDeleteRange = new DeleteRangeRequest { Key = B("k4") } },
            },
        });
        _store.Put("k5", "z");
        _store.Delete("k", "l");
        _store.Put("k7", "w");
        Assert.Equal(3761882020u, _store.Store.HashHistory(0, out _, out _));
        _store.Compact(compactRevision);
        _store.Put("k8", "q");
        Assert.Equal(afterwards, _store.Store.HashHistory(0, out _, out _));
    }

    public void Dispose() => _store.Dispose();

    private bool Succeeds(Compare compare) => ((TxnResponse)_store.Txn(new TxnRequest { Compare = { compare } })).Succeeded;
}
