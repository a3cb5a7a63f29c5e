using Veche.Api;
using Veche.Api.Commands;
using Veche.Store.Auth;
using Veche.Store.Watching;
using static Veche.Store.Tests.Auth.AuthCommands;
using static Veche.Store.Tests.StoreHarness;

namespace Veche.Store.Tests.Auth;

/// <summary>Every kind of request, by alice, who reads [a,e), writes [b,d), and reads and writes k.</summary>
public sealed class RequestPermissionsTests
{
    public static TheoryData<string, Command, bool> Writes => new()
    {
        { "put", new Command { Put = new PutRequest { Key = B("b") } }, true },
        { "put what is only read", new Command { Put = new PutRequest { Key = B("a") } }, false },
        { "put and see", new Command { Put = new PutRequest { Key = B("b"), PrevKv = true } }, true },
        { "put and see what is only written", new Command { Put = new PutRequest { Key = B("w"), PrevKv = true } }, false },
        { "put what is only written", new Command { Put = new PutRequest { Key = B("w") } }, true },
        { "put with a lease of one's own keys", new Command { Put = new PutRequest { Key = B("b"), Lease = 1 } }, true },
        { "put with a lease of others' keys", new Command { Put = new PutRequest { Key = B("b"), Lease = 2 } }, false },
        { "delete", new Command { DeleteRange = new DeleteRangeRequest { Key = B("b"), RangeEnd = B("d") } }, true },
        { "delete more", new Command { DeleteRange = new DeleteRangeRequest { Key = B("b"), RangeEnd = B("e") } }, false },
        { "delete all", new Command { DeleteRange = new DeleteRangeRequest { Key = B("\0"), RangeEnd = B("\0") } }, false },
        { "delete and see", new Command { DeleteRange = new DeleteRangeRequest { Key = B("c"), PrevKv = true } }, true },
        { "delete and see what is only written", new Command { DeleteRange = new DeleteRangeRequest { Key = B("w"), PrevKv = true } }, false },
        { "txn", Txn(put: "b"), true },
        { "txn that compares", Txn(put: "b", compare: "a"), true },
        { "txn that compares what is not read", Txn(put: "b", compare: "w"), false },
        { "txn that compares a range", Txn(put: "b", compare: "a", compareEnd: "e"), true },
        { "txn that compares more", Txn(put: "b", compare: "a", compareEnd: "f"), false },
        { "txn that reads", Txn(put: "b", range: "d"), true },
        { "txn that reads more", Txn(put: "b", range: "e"), false },
        { "txn with a branch that is not taken", Otherwise(Txn(put: "x")), false },
        { "nested txn", Nested(Txn(put: "b", compare: "a", range: "c")), true },
        { "nested txn that compares", Nested(Txn(put: "b", compare: "x")), false },
        { "nested txn that reads", Nested(Txn(put: "b", range: "x")), false },
        { "nested txn that writes", Nested(Txn(put: "x")), false },
        { "nested txn with a lease", Nested(new Command { Txn = new TxnRequest { Success = { new RequestOp { RequestPut = new PutRequest { Key = B("b"), Lease = 2 } } } } }), false },
        { "nested txn that deletes", Nested(new Command { Txn = new TxnRequest { Success = { new RequestOp { RequestDeleteRange = new DeleteRangeRequest { Key = B("a") } } } } }), false },
        { "nested twice in a branch that is not taken", Nested(Otherwise(Nested(Txn(put: "b", compare: "x")))), false },
        { "revoke a lease of one's own keys", new Command { LeaseRevoke = new LeaseRevokeRequest { ID = 1 } }, true },
        { "revoke a lease of others' keys", new Command { LeaseRevoke = new LeaseRevokeRequest { ID = 2 } }, false },
        { "grant a lease", new Command { LeaseGrant = new LeaseGrantRequest { ID = 3, TTL = 10 } }, true },
        { "compact", new Command { Compact = new CompactionRequest { Revision = 2 } }, false },
        { "raise an alarm", new Command { Alarm = new AlarmRequest { Action = AlarmRequest.Types.AlarmAction.Activate, Alarm = AlarmType.Nospace } }, false },
    };

    /// <summary>What members say in the log without a caller. Everything else that a client can have written there needs one.</summary>
    private static readonly Command.BodyOneofCase[] OfMembers = [Command.BodyOneofCase.LeaseCheckpoint, Command.BodyOneofCase.Member, Command.BodyOneofCase.MemberUpdate, Command.BodyOneofCase.StateHash];

    public static TheoryData<Command.BodyOneofCase> Bodies => [.. Enum.GetValues<Command.BodyOneofCase>().Where(static body => body != Command.BodyOneofCase.None)];

    /// <summary>A member that does not know yet that authentication is on proposes in nobody's name, and a command of a later version may have been forgotten in the rules.</summary>
    [Theory]
    [MemberData(nameof(Bodies))]
    public void A_command_in_nobodys_name_is_refused(Command.BodyOneofCase body)
    {
        using StoreHarness store = WithLeases();
        var command = new Command();
        Google.Protobuf.Reflection.FieldDescriptor field = Command.Descriptor.FindFieldByNumber((int)body);
        field.Accessor.SetValue(command, field.MessageType.Parser.ParseFrom([]));
        bool refused = RequestPermissions.Check(store.Store.Auth, command, static _ => []) is not null;
        Assert.Equal(!OfMembers.Contains(body), refused);
        Assert.Equal(refused, store.Do(command) is StoreError error && error == AuthErrors.UserEmpty);
    }

    [Theory]
    [MemberData(nameof(Writes))]
    public void Writes_need_every_permission(string what, Command command, bool allowed)
    {
        Assert.NotEmpty(what);
        using StoreHarness store = WithLeases();
        long before = store.Store.CurrentRevision;
        object result = store.As("alice", command);
        Assert.Equal(allowed ? null : AuthErrors.PermissionDenied, result.Error());
        Assert.True(allowed || store.Store.CurrentRevision == before);
        using StoreHarness again = WithLeases();
        Assert.IsNotType<StoreError>(again.As("root", command));
    }

    [Theory]
    [MemberData(nameof(Writes))]
    public void Nobody_and_those_recognised_before_the_last_change_are_refused(string what, Command command, bool allowed)
    {
        Assert.NotEmpty(what);
        using StoreHarness store = WithLeases();
        bool isCompaction = command.BodyCase == Command.BodyOneofCase.Compact;
        command.Caller = null;
        if (!isCompaction)
        {
            Assert.Equal(AuthErrors.UserEmpty, store.Do(command));
        }

        command.Caller = store.By("stranger");
        StoreError? stranger = store.Do(command).Error();
        Assert.True(stranger is not null || command.BodyCase == Command.BodyOneofCase.LeaseGrant, "a token whose user is gone");
        command.Caller = new Caller { User = "alice", Revision = store.Store.Auth.Revision - 1 };
        if (allowed && command.BodyCase != Command.BodyOneofCase.LeaseGrant)
        {
            Assert.Equal(AuthErrors.OldRevision, store.Do(command));
        }
    }

    [Fact]
    public void The_cluster_needs_nobodys_permission()
    {
        using StoreHarness store = WithLeases();
        Assert.IsType<LeaseRevokeResponse>(store.Do(new Command { LeaseRevoke = new LeaseRevokeRequest { ID = 2 }, Caller = new Caller { IsMember = true } }));
        Assert.Equal(AuthErrors.UserEmpty, store.Compact(2).Error());
        Assert.IsType<CompactionResponse>(store.Do(new Command { Compact = new CompactionRequest { Revision = 2 }, Caller = new Caller { IsMember = true } }));
    }

    [Fact]
    public void Reads_need_permission_for_all_of_their_range()
    {
        using StoreHarness store = WithLeases();
        Caller alice = store.By("alice");
        store.Store.Range(new RangeRequest { Key = B("a"), RangeEnd = B("e") }, alice);
        store.Store.ReadTransaction(new TxnRequest { Success = { new RequestOp { RequestRange = new RangeRequest { Key = B("a") } } } }, alice);
        foreach ((RangeRequest request, Caller? caller, StoreError expected) in new (RangeRequest, Caller?, StoreError)[]
        {
            (new RangeRequest { Key = B("a"), RangeEnd = B("f") }, alice, AuthErrors.PermissionDenied),
            (new RangeRequest { Key = B("a"), RangeEnd = B("\0") }, alice, AuthErrors.PermissionDenied),
            (new RangeRequest { Key = B("w") }, alice, AuthErrors.PermissionDenied),
            (new RangeRequest { Key = B("a") }, store.By("stranger"), AuthErrors.PermissionDenied),
            (new RangeRequest { Key = B("a") }, null, AuthErrors.UserEmpty),
            (new RangeRequest { Key = B("a") }, new Caller { User = "alice" }, AuthErrors.UserEmpty),
            (new RangeRequest { Key = B("a") }, new Caller { User = "alice", Revision = alice.Revision - 1 }, AuthErrors.OldRevision),
            (new RangeRequest { Key = B("a") }, new Caller { User = "alice", Revision = alice.Revision + 1 }, AuthErrors.OldRevision),
        })
        {
            Assert.Equal(expected, Assert.Throws<StoreException>(() => store.Store.Range(request, caller)).Error);
            var compared = new TxnRequest { Compare = { new Compare { Key = request.Key, RangeEnd = request.RangeEnd } } };
            var nested = new TxnRequest { Failure = { new RequestOp { RequestTxn = new TxnRequest { Success = { new RequestOp { RequestRange = request } } } } } };
            foreach (TxnRequest transaction in (TxnRequest[])[compared, nested])
            {
                Assert.Equal(expected, Assert.Throws<StoreException>(() => store.Store.ReadTransaction(transaction, caller)).Error);
            }
        }
    }

    [Theory]
    [InlineData("a", "e", "alice", 0, null)]
    [InlineData("a", "\0", "alice", 0, "rpc error: code = PermissionDenied desc = etcdserver: permission denied")]
    [InlineData("", "\0", "alice", 0, "rpc error: code = PermissionDenied desc = etcdserver: permission denied")]
    [InlineData("k", "l", "alice", 0, "rpc error: code = PermissionDenied desc = etcdserver: permission denied")] // A grant of one key is none of the range from it on.
    [InlineData("a", "e", "alice", 1, "rpc error: code = InvalidArgument desc = etcdserver: revision of auth store is old")]
    [InlineData("a", "e", null, 0, "rpc error: code = InvalidArgument desc = etcdserver: user name is empty")]
    public void Watches_need_permission_for_all_of_their_range(string key, string end, string? user, int before, string? refusal)
    {
        using StoreHarness store = WithLeases();
        var hub = new WatchHub(store.Store);
        using WatchStream stream = hub.OpenStream(static () => { }, 1 << 20);
        Caller? caller = user is null ? null : new Caller { User = user, Revision = store.Store.Auth.Revision - (ulong)before };
        stream.Create(new WatchCreateRequest { Key = B(key), RangeEnd = B(end) }, caller);
        stream.Create(new WatchCreateRequest { Key = B("a") }, unrecognised: AuthErrors.InvalidToken);
        List<WatchResponse> responses = [];
        while (stream.Pump(responses))
        {
        }

        Assert.Equal(2, responses.Count);
        Assert.True(responses[0].Created);
        Assert.Equal((refusal ?? string.Empty, refusal is not null, refusal is null ? 0 : -1), (responses[0].CancelReason, responses[0].Canceled, responses[0].WatchId));
        Assert.Equal("rpc error: code = Unauthenticated desc = etcdserver: invalid auth token", responses[1].CancelReason);
    }

    /// <summary>Lease 1 has a key that alice may write, lease 2 one that she may not; and she may write w, but not read it.</summary>
    private static StoreHarness WithLeases()
    {
        StoreHarness store = Enabled();
        store.Auth(Grant("writer", Permission.Types.Type.Write, "w"), "root");
        foreach ((long lease, string key) in new[] { (1L, "c"), (2L, "secret") })
        {
            store.As("root", new Command { LeaseGrant = new LeaseGrantRequest { ID = lease, TTL = 10 } });
            store.As("root", PutOf(key, "x", lease));
        }

        return store;
    }

    private static Command Txn(string put, string? compare = null, string compareEnd = "", string? range = null)
    {
        var request = new TxnRequest { Success = { new RequestOp { RequestPut = new PutRequest { Key = B(put) } } } };
        if (compare is not null)
        {
            request.Compare.Add(new Compare { Key = B(compare), RangeEnd = B(compareEnd), Target = Compare.Types.CompareTarget.Version });
        }

        if (range is not null)
        {
            request.Success.Add(new RequestOp { RequestRange = new RangeRequest { Key = B(range) } });
        }

        return new Command { Txn = request };
    }

    private static Command Otherwise(Command command)
    {
        var request = new TxnRequest();
        request.Failure.AddRange(command.Txn.Success);
        return new Command { Txn = request };
    }

    private static Command Nested(Command command) => new() { Txn = new TxnRequest { Success = { new RequestOp { RequestTxn = command.Txn } } } };
}
