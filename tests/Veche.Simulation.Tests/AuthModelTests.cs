using Google.Protobuf;
using Veche.Api;
using Veche.Api.Commands;
using Veche.Raft;
using Veche.Replica;
using Veche.Simulation.Clients;
using Veche.Simulation.Faults;
using Veche.Simulation.Verdicts;
using Veche.Store;
using Veche.Store.Auth;

namespace Veche.Simulation.Tests;

/// <summary>Users, roles and permissions by model and store, without a cluster between them.</summary>
public sealed class AuthModelTests
{
    private const int Keys = 7;

    private static readonly string[] Names = ["root", "ann", "ann", "bob", "bob", "cid", "nemo"];

    private readonly Canon _canon = new();
    private readonly ReferenceModel _model;

    public AuthModelTests() => _model = new ReferenceModel(_canon);

    [Theory]
    [InlineData(1UL)]
    [InlineData(2UL)]
    [InlineData(3UL)]
    public void Model_and_store_let_the_same_people_do_the_same_things(ulong seed)
    {
        var random = new SimulationRandom(seed);
        var requests = new RequestMaker(random, Keys, _model);
        var changes = new AuthMaker(random, Keys);
        using KeyValueStore store = KeyValueStore.Open(new StoreOptions());
        var begin = new Queue<AuthCommand>(changes.Beginning());
        Dictionary<string, int> refusals = [];
        int done = 0;
        int shown = 0;
        int hidden = 0;
        for (long index = 1; index <= 4000; index++)
        {
            Command command = begin.TryDequeue(out AuthCommand? first) ? new Command { Auth = first }
                : random.Chance(0.1) ? new Command { Auth = random.Chance(0.2) ? changes.Senseless() : changes.Sensible(_model.AuthAt(index - 1)) }
                : Make(random, requests, index);
            command.Caller = command.BodyCase == Command.BodyOneofCase.Auth && random.Chance(0.9) ? Recognised("root", store.Auth.Revision) : SomeCaller(random, store.Auth);
            object? result = Apply(store, command, index);
            Assert.Equal(_model.At(index).Refusal, (result as StoreError)?.Message);
            Assert.Null(_model.AuthAt(index).Difference(store.Auth.IsEnabled, store.Auth.Revision, store.Auth.Users.Values, store.Auth.Roles.Values));
            done += result is StoreError ? 0 : 1;
            if (result is StoreError error)
            {
                refusals[error.Message] = refusals.GetValueOrDefault(error.Message) + 1;
            }

            RangeRequest request = requests.Range(inTransaction: false);
            Caller? reader = SomeCaller(random, store.Auth);
            string? why = _model.WhyHidden(reader, request, index) ?? _model.Refusal(request, _model.Revision);
            Assert.Equal(why, Refusal(() => store.Range(request, reader)));
            shown += why is null ? 1 : 0;
            hidden += why == AuthErrors.PermissionDenied.Message ? 1 : 0;
        }

        Assert.True(done > 500 && shown > 500 && hidden > 300, $"{done} done, {shown} shown, {hidden} hidden");
        Assert.All(
            (StoreError[])[AuthErrors.PermissionDenied, AuthErrors.OldRevision, AuthErrors.UserEmpty, AuthErrors.UserNotFound, AuthErrors.UserExists, AuthErrors.RoleNotFound, AuthErrors.RoleExists, AuthErrors.InvalidManagement, AuthErrors.RoleNotGranted, AuthErrors.PermissionNotGranted],
            error => Assert.True(refusals.ContainsKey(error.Message), error.Message));
    }

    /// <summary>Nothing is merged in the model, so ranges that touch must come out as one all the same, and those with a gap must not, though no key of the world is in it.</summary>
    [Theory]
    [InlineData("a", "c", "c", "e", "a", "e", true)]
    [InlineData("a", "c", "d", "e", "a", "e", false)]
    [InlineData("a", "", "a\0", "c", "a", "c", true)]
    [InlineData("a", "", "b", "c", "a", "c", false)]
    [InlineData("a", "e", "b", "c", "d", "e", true)]
    [InlineData("a", "c", "b", "\0", "b", "\0", true)]
    [InlineData("a", "c", "d", "\0", "b", "\0", false)]
    [InlineData("a", "c", "x", "y", "c", "", false)]
    [InlineData("a", "c", "x", "y", "b", "a", true)]
    public void Ranges_are_allowed_when_every_key_in_them_is(string key, string end, string otherKey, string otherEnd, string asked, string askedEnd, bool isAllowed)
    {
        AuthCommand[] commands =
        [
            new() { UserAdd = new AuthUserAddRequest { Name = "root", Options = new UserAddOptions { NoPassword = true } } },
            new() { UserGrantRole = new AuthUserGrantRoleRequest { User = "root", Role = "root" } },
            new() { RoleAdd = new AuthRoleAddRequest { Name = "some" } },
            Grant(key, end),
            Grant(otherKey, otherEnd),
            new() { UserAdd = new AuthUserAddRequest { Name = "ann", Options = new UserAddOptions { NoPassword = true } } },
            new() { UserGrantRole = new AuthUserGrantRoleRequest { User = "ann", Role = "some" } },
            new() { Enable = new AuthEnableRequest() },
        ];
        using KeyValueStore store = KeyValueStore.Open(new StoreOptions());
        for (int i = 0; i < commands.Length; i++)
        {
            Apply(store, new Command { Auth = commands[i] }, i + 1);
        }

        var request = new RangeRequest { Key = Bytes(asked), RangeEnd = Bytes(askedEnd) };
        Caller ann = Recognised("ann", store.Auth.Revision);
        string? expected = isAllowed ? null : AuthErrors.PermissionDenied.Message;
        Assert.Equal(expected, _model.WhyHidden(ann, request, commands.Length));
        Assert.Equal(expected, Refusal(() => store.Range(request, ann)));
        Assert.Null(_model.WhyHidden(Recognised("root", store.Auth.Revision), request, commands.Length));
    }

    private object? Apply(KeyValueStore store, Command command, long index)
    {
        var entry = new Entry(index, 1, EntryKind.Command, CommandHeader.Wrap(new MemberId(1), index, command.ToByteArray()));
        Assert.Null(_canon.Append(entry, index == 1 ? 0 : 1));
        Assert.Null(_canon.Commit(index, 1, 1));
        var batch = new ApplyBatch();
        ApplyBatches.Add(batch, entry, new MemberId(1), static _ => true);
        store.Apply(batch);
        return batch.ResultOf(0);
    }

    private static string? Refusal(Action ask)
    {
        try
        {
            ask();
            return null;
        }
        catch (StoreException exception)
        {
            return exception.Message;
        }
    }

    private static AuthCommand Grant(string key, string end) => new() { RoleGrantPermission = new AuthRoleGrantPermissionRequest { Name = "some", Perm = new Permission { Key = Bytes(key), RangeEnd = Bytes(end) } } };

    private static ByteString Bytes(string text) => ByteString.CopyFromUtf8(text);

    private static Caller Recognised(string user, ulong revision) => new() { User = user, Revision = revision };

    private static Caller? SomeCaller(SimulationRandom random, AuthView auth) =>
        random.Chance(0.05) ? null
        : random.Chance(0.03) ? new Caller { IsMember = true }
        : Recognised(random.Pick(Names), random.Chance(0.1) ? Math.Max(1, auth.Revision - 1) : auth.Revision + (random.Chance(0.02) ? 1UL : 0));

    private static Command Make(SimulationRandom random, RequestMaker maker, long index) => random.Below(12) switch
    {
        0 => new Command { LeaseGrant = new LeaseGrantRequest { ID = random.Between(1, 4), TTL = 5 } },
        1 => new Command { LeaseRevoke = new LeaseRevokeRequest { ID = random.Between(1, 4) } },
        2 when random.Chance(0.2) => new Command { Compact = new CompactionRequest { Revision = random.Between(1L, index) } },
        3 or 4 => new Command { DeleteRange = maker.Delete() },
        5 or 6 or 7 => new Command { Put = maker.Put(index * 1000, random.Between(1, 4)) },
        _ => new Command { Txn = maker.Transaction(index * 1000, random.Between(1, 4), readOnly: false) },
    };
}
