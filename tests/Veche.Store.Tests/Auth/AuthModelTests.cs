using Google.Protobuf;
using Veche.Api;
using Veche.Api.Commands;
using Veche.Store.Auth;
using static Veche.Store.Tests.Auth.AuthCommands;
using static Veche.Store.Tests.StoreHarness;

namespace Veche.Store.Tests.Auth;

/// <summary>
/// Random users, roles, grants, alarms, reads and writes, authentication turned on and off among them, beside a model that knows grants as sets of points. What
/// is refused must change nothing, and nothing may be done, or told, that the model does not allow.
/// </summary>
public sealed class AuthModelTests
{
    private const int Steps = 150;

    /// <summary>Between two neighbours is nothing that any of the ranges here tells apart: a key, what is right after it, the next key.</summary>
    private static readonly string[] Points = ["a", "a\0", "b", "b\0", "c", "c\0", "d", "d\0", "e"];
    private static readonly string[] Keys = ["a", "b", "c", "d"];
    private static readonly string[] Names = ["root", "u", "v"];
    private static readonly string[] RoleNames = ["root", "r", "s"];
    private static readonly StoreError[] Refusals = [AuthErrors.UserEmpty, AuthErrors.PermissionDenied, AuthErrors.OldRevision];

    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 60)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Nothing_happens_that_nobody_was_allowed(int seed)
    {
        var random = new Random(seed);
        using var store = StoreHarness.InMemory();
        int refused = 0;
        int allowed = 0;
        foreach (AuthCommand command in (AuthCommand[])[AddUser("root"), GrantRole("root", "root"), AddUser("u"), AddRole("r"), GrantRole("u", "r")])
        {
            store.Auth(command);
        }

        for (int step = 0; step < Steps; step++)
        {
            AuthView before = store.Store.Auth;
            Caller? caller = SomeCaller(random, before);
            (string, ulong, int, long) state = StateOf(store);
            if (random.Next(4) == 0)
            {
                RangeRequest range = SomeRange(random);
                bool may = May(before, caller, range.Key, range.RangeEnd, write: false);
                StoreError? denied = Denial(() => store.Store.Range(range, caller));
                Assert.Equal(may, denied is null);
                Assert.True(may || Refusals.Contains(denied));
                continue;
            }

            Command command = SomeCommand(random);
            command.Caller = caller;
            bool isAllowed = May(before, command);
            object result = store.Do(command);
            bool isRefused = result is StoreError error && (Refusals.Contains(error) || (error == AuthErrors.UserNotFound && !isAllowed));
            Assert.Equal(!isAllowed, isRefused);
            if (isRefused)
            {
                Assert.Equal(state, StateOf(store));
            }

            refused += isRefused ? 1 : 0;
            allowed += isRefused || !before.IsEnabled ? 0 : 1;
        }

        Assert.True(refused + allowed > 0);
    }

    private static (string Data, ulong AuthRevision, int Alarms, long Revision) StateOf(StoreHarness store) =>
        (store.Store.Range(new RangeRequest { Key = B("\0"), RangeEnd = B("\0") }, new Caller { IsMember = true }).ToString(), store.Store.Auth.Revision, store.Store.Alarms.Count, store.Store.CurrentRevision);

    private static StoreError? Denial(Func<RangeResponse> read)
    {
        try
        {
            read();
            return null;
        }
        catch (StoreException exception)
        {
            return exception.Error;
        }
    }

    private static Caller? SomeCaller(Random random, AuthView auth) => random.Next(8) switch
    {
        0 => null,
        1 => new Caller { User = Some(random, Names), Revision = auth.Revision - 1 },
        2 => new Caller { User = "stranger", Revision = auth.Revision },
        3 => new Caller { User = Some(random, Names) },
        4 => new Caller { User = "root", Revision = auth.Revision },
        _ => new Caller { User = Some(random, Names), Revision = auth.Revision },
    };

    private static RangeRequest SomeRange(Random random)
    {
        string key = Some(random, Keys);
        return new RangeRequest { Key = B(key), RangeEnd = B(random.Next(3) switch { 0 => string.Empty, 1 => "\0", _ => Points[random.Next(Array.IndexOf(Points, key) + 1, Points.Length)] }) };
    }

    private static Command SomeCommand(Random random)
    {
        RangeRequest range = SomeRange(random);
        return random.Next(14) switch
        {
            0 => new Command { Auth = AddUser(Some(random, Names)) },
            1 => new Command { Auth = AddRole(Some(random, RoleNames)) },
            2 or 3 => new Command { Auth = GrantRole(Some(random, Names), Some(random, RoleNames)) },
            4 => new Command { Auth = RevokeRole(Some(random, Names), Some(random, RoleNames)) },
            5 or 6 => new Command { Auth = new AuthCommand { RoleGrantPermission = new AuthRoleGrantPermissionRequest { Name = Some(random, RoleNames), Perm = new Permission { PermType = (Permission.Types.Type)random.Next(3), Key = range.Key, RangeEnd = range.RangeEnd } } } },
            7 => new Command { Auth = new AuthCommand { RoleRevokePermission = new AuthRoleRevokePermissionRequest { Role = Some(random, RoleNames), Key = range.Key, RangeEnd = range.RangeEnd } } },
            8 => new Command { Auth = random.Next(4) == 0 ? Disable() : Enable() },
            9 => new Command { Alarm = new AlarmRequest { Action = (AlarmRequest.Types.AlarmAction)random.Next(1, 3), Alarm = AlarmType.Corrupt, MemberID = 1 } },
            10 => new Command { Put = new PutRequest { Key = range.Key, PrevKv = random.Next(2) == 0 } },
            11 => new Command { DeleteRange = new DeleteRangeRequest { Key = range.Key, RangeEnd = range.RangeEnd, PrevKv = random.Next(2) == 0 } },
            _ => new Command { Txn = SomeTxn(random, depth: random.Next(3)) },
        };
    }

    private static TxnRequest SomeTxn(Random random, int depth)
    {
        var request = new TxnRequest();
        RangeRequest range = SomeRange(random);
        if (random.Next(2) == 0)
        {
            request.Compare.Add(new Compare { Key = range.Key, RangeEnd = range.RangeEnd, Target = Compare.Types.CompareTarget.Version });
        }

        RequestOp operation = depth > 0 ? new RequestOp { RequestTxn = SomeTxn(random, depth - 1) } : random.Next(3) switch
        {
            0 => new RequestOp { RequestRange = SomeRange(random) },
            1 => new RequestOp { RequestPut = new PutRequest { Key = B(Some(random, Keys)) } },
            _ => new RequestOp { RequestDeleteRange = new DeleteRangeRequest { Key = range.Key, RangeEnd = range.RangeEnd } },
        };
        (random.Next(2) == 0 ? request.Success : request.Failure).Add(operation);
        return request;
    }

    private static bool May(AuthView auth, Command command) => !auth.IsEnabled || command.BodyCase switch
    {
        Command.BodyOneofCase.Put => May(auth, command.Caller, command.Put),
        Command.BodyOneofCase.DeleteRange => May(auth, command.Caller, command.DeleteRange),
        Command.BodyOneofCase.Txn => May(auth, command.Caller, command.Txn),
        _ => command.Caller is { } caller && auth.Users.TryGetValue(caller.User, out User? user) && user.Roles.Contains("root"),
    };

    private static bool May(AuthView auth, Caller? caller, PutRequest put) =>
        May(auth, caller, put.Key, ByteString.Empty, write: true) && (!put.PrevKv || May(auth, caller, put.Key, ByteString.Empty, write: false));

    private static bool May(AuthView auth, Caller? caller, DeleteRangeRequest delete) =>
        May(auth, caller, delete.Key, delete.RangeEnd, write: true) && (!delete.PrevKv || May(auth, caller, delete.Key, delete.RangeEnd, write: false));

    private static bool May(AuthView auth, Caller? caller, TxnRequest txn) =>
        txn.Compare.All(compare => May(auth, caller, compare.Key, compare.RangeEnd, write: false))
        && txn.Success.Concat(txn.Failure).All(operation => operation.RequestCase switch
        {
            RequestOp.RequestOneofCase.RequestRange => May(auth, caller, operation.RequestRange.Key, operation.RequestRange.RangeEnd, write: false),
            RequestOp.RequestOneofCase.RequestPut => May(auth, caller, operation.RequestPut),
            RequestOp.RequestOneofCase.RequestDeleteRange => May(auth, caller, operation.RequestDeleteRange),
            _ => May(auth, caller, operation.RequestTxn),
        });

    /// <summary>Every point of what is asked for is a point of some grant.</summary>
    private static bool May(AuthView auth, Caller? caller, ByteString key, ByteString end, bool write)
    {
        if (!auth.IsEnabled)
        {
            return true;
        }

        if (caller is not { Revision: > 0 } || caller.Revision != auth.Revision || !auth.Users.TryGetValue(caller.User, out User? user))
        {
            return false;
        }

        if (user.Roles.Contains("root"))
        {
            return true;
        }

        Permission.Types.Type wanted = write ? Permission.Types.Type.Write : Permission.Types.Type.Read;
        List<Permission> grants = [.. user.Roles.Where(auth.Roles.ContainsKey).SelectMany(role => auth.Roles[role].KeyPermission).Where(grant => grant.PermType == wanted || grant.PermType == Permission.Types.Type.Readwrite)];
        return PointsOf(key, end).All(point => grants.Any(grant => PointsOf(grant.Key, grant.RangeEnd).Contains(point)));
    }

    private static IEnumerable<string> PointsOf(ByteString key, ByteString end)
    {
        string from = key.ToStringUtf8();
        string to = end.ToStringUtf8();
        return Points.Append("without end").Where(point => to.Length == 0 ? point == from
            : point == "without end" ? to == "\0"
            : string.CompareOrdinal(point, from) >= 0 && (to == "\0" || string.CompareOrdinal(point, to) < 0));
    }

    private static string Some(Random random, string[] from) => from[random.Next(from.Length)];
}
