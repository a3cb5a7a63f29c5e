using System.Security.Cryptography;
using Veche.Api;
using Veche.Api.Commands;
using Veche.Raft;
using Veche.Replica;
using Veche.Store.Auth;
using Veche.Store.Backups;
using static Veche.Store.Tests.Auth.AuthCommands;
using static Veche.Store.Tests.StoreHarness;

namespace Veche.Store.Tests.Auth;

/// <summary>Users and roles are part of the state: they survive restarts, travel in images, and are the same everywhere.</summary>
public sealed class AuthStateTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("veche-auth-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void After_a_restart_it_is_still_on()
    {
        string expected;
        using (var store = new StoreHarness(KeyValueStore.Open(new StoreOptions { DataDirectory = _directory })))
        {
            Fill(store);
            expected = Show(store.Store.Auth);
        }

        using var again = new StoreHarness(KeyValueStore.Open(new StoreOptions { DataDirectory = _directory }));
        Assert.Equal(expected, Show(again.Store.Auth));
        Assert.Equal(AuthErrors.UserEmpty, again.Do(PutOf("a", "x")));
        Assert.IsType<PutResponse>(again.As("alice", PutOf("a", "x")));
        Assert.Equal(AuthErrors.PermissionDenied, again.As("alice", PutOf("z", "x")));
        Assert.IsType<AuthUserDeleteResponse>(again.Auth(DeleteUser("alice"), "root"));
        Assert.DoesNotContain("alice", again.Store.Auth.Users.Keys);
    }

    [Fact]
    public void A_backup_carries_users_roles_and_whether_it_is_on()
    {
        using var source = new StoreHarness(KeyValueStore.Open(new StoreOptions()));
        Fill(source);
        var file = new MemoryStream();
        using (StoreBackup backup = source.Store.OpenBackup("3.4.0"))
        {
            backup.WriteTo(file);
        }

        file.Write(SHA256.HashData(file.ToArray()));
        KeyValueStore.Import(new StoreOptions { DataDirectory = Path.Combine(_directory, "c") }, BackupFile.Open(file, checkHash: true), new LogPosition(1, 1));
        using var copy = new StoreHarness(KeyValueStore.Open(new StoreOptions { DataDirectory = Path.Combine(_directory, "c") }));
        Assert.Equal(Show(source.Store.Auth), Show(copy.Store.Auth));
        Assert.Equal(AuthErrors.UserEmpty, copy.Do(PutOf("a", "x")));
        Assert.IsType<PutResponse>(copy.As("alice", PutOf("a", "x")));
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public void An_image_carries_users_roles_and_whether_it_is_on(bool fromDisk, bool toDisk)
    {
        using var source = new StoreHarness(KeyValueStore.Open(new StoreOptions { DataDirectory = fromDisk ? Path.Combine(_directory, "a") : null }));
        Fill(source);
        string expected = Show(source.Store.Auth);
        var bytes = new MemoryStream();
        using (IStateImage image = source.Store.Capture())
        {
            // Not in the image.
            source.Auth(DeleteUser("alice"), "root");
            image.WriteTo(bytes);
        }

        using var target = new StoreHarness(KeyValueStore.Open(new StoreOptions { DataDirectory = toDisk ? Path.Combine(_directory, "b") : null }));
        var observer = new Observer();
        target.Store.AuthObserver = observer;
        target.Auth(AddUser("stranger"));
        LogPosition applied = source.Store.Applied with { Index = source.Store.Applied.Index - 1 };
        bytes.Position = 0;
        target.Store.Restore(bytes, applied);
        Assert.Equal(expected, Show(target.Store.Auth));
        Assert.Equal(["reset"], observer.Told);
        var restored = new StoreHarness(target.Store);
        Assert.Equal(AuthErrors.UserEmpty, restored.Do(PutOf("a", "x")));
        Assert.IsType<PutResponse>(restored.As("alice", PutOf("a", "x")));
        Assert.IsType<AuthUserAddResponse>(restored.Auth(AddUser("bob"), "root"));
        Assert.Equal(["alice", "bob", "cert", "root"], target.Store.Auth.Users.Keys);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void In_batches_or_one_by_one_on_disk_or_in_memory_it_is_the_same(int seed)
    {
        var random = new Random(seed);
        using StoreHarness memory = StoreHarness.InMemory();
        using var disk = new StoreHarness(KeyValueStore.Open(new StoreOptions { DataDirectory = _directory }));
        int refused = 0;
        int done = 0;
        for (int round = 0; round < 40; round++)
        {
            List<Command> commands = [.. Enumerable.Range(0, random.Next(1, 20)).Select(_ => Draw(random, memory.Store.Auth.Revision))];
            List<string?> together = [.. memory.DoAll(commands).Select(static result => result.ToString())];
            List<object> singly = [.. commands.Select(disk.Do)];
            Assert.Equal(together, singly.Select(static result => result.ToString()));
            Assert.Equal(Show(memory.Store.Auth), Show(disk.Store.Auth));
            Assert.Equal(memory.Store.HashHistory(0, out _, out _), disk.Store.HashHistory(0, out _, out _));
            refused += singly.Count(static result => result is StoreError);
            done += singly.Count(static result => result is not StoreError);
        }

        Assert.True(refused > 20 && done > 20, $"{refused} refused, {done} done");
    }

    [Fact]
    public void Tokens_are_issued_only_while_the_password_that_was_compared_still_counts()
    {
        using StoreHarness store = InMemory();
        var observer = new Observer();
        store.Store.AuthObserver = observer;
        Assert.Equal(AuthErrors.NotEnabled, store.Auth(Issue("root", 1)));
        Fill(store);
        ulong revision = store.Store.Auth.Revision;
        string token = Assert.IsType<AuthenticateResponse>(store.Auth(Issue("alice", revision))).Token;
        Assert.Equal($"random.{store.Store.Applied.Index}", token);
        Assert.Equal(AuthErrors.AuthenticationFailed, store.Auth(Issue("stranger", revision)));
        Assert.Equal(AuthErrors.AuthenticationFailed, store.Auth(Issue("cert", revision)));
        store.Auth(ChangePassword("alice", "new"), "root");
        Assert.Equal(AuthErrors.OldRevision, store.Auth(Issue("alice", revision)));
        store.Auth(DeleteUser("alice"), "root");
        Assert.Equal(AuthErrors.AuthenticationFailed, store.Auth(Issue("alice", store.Store.Auth.Revision)));
        store.Auth(Disable(), "root");
        Assert.Equal([$"alice has {token}", "alice invalidated", "alice invalidated", "reset"], observer.Told);
    }

    [Fact]
    public void Users_and_roles_do_not_show_in_the_hash_of_the_keys()
    {
        using StoreHarness with = InMemory();
        using StoreHarness without = InMemory();
        Fill(with);
        with.As("root", PutOf("a", "x"));
        without.Put("a", "x");
        Assert.Equal(without.Store.HashHistory(0, out _, out _), with.Store.HashHistory(0, out _, out _));
        Assert.Equal(without.Store.CurrentRevision, with.Store.CurrentRevision);
    }

    private static void Fill(StoreHarness store)
    {
        foreach (AuthCommand command in (AuthCommand[])
        [
            AddUser("root", "roothash"), GrantRole("root", "root"), AddUser("alice", "alicehash"), AddUser("cert", noPassword: true), AddRole("r"),
            Grant("r", Permission.Types.Type.Readwrite, "a", "c"), GrantRole("alice", "r"), Enable(),
        ])
        {
            Assert.IsNotType<StoreError>(store.Auth(command));
        }
    }

    private static string Show(AuthView auth) => $"{auth.IsEnabled} {auth.Revision} {string.Join(' ', auth.Users.Values)} {string.Join(' ', auth.Roles.Values)}";

    private static Command Draw(Random random, ulong revision)
    {
        string user = random.Next(4) switch { 0 => "alice", 1 => "bob", _ => "root" };
        string role = random.Next(3) switch { 0 => "root", 1 => "r", _ => "s" };
        string key = ((char)('a' + random.Next(5))).ToString();
        string end = random.Next(2) == 0 ? string.Empty : ((char)('a' + random.Next(6))).ToString();
        AuthCommand? auth = random.Next(24) switch
        {
            0 or 1 => AddUser(user, noPassword: random.Next(4) == 0),
            2 => random.Next(3) == 0 ? DeleteUser(user) : ChangePassword(user, "x"),
            3 or 4 or 5 => GrantRole(user, role),
            6 => random.Next(2) == 0 ? RevokeRole(user, role) : Issue(user, revision),
            7 or 8 => AddRole(role),
            9 => random.Next(3) == 0 ? DeleteRole(role) : Revoke(role, key, end),
            10 or 11 => Grant(role, (Permission.Types.Type)random.Next(3), key, end),
            12 or 13 => Enable(),
            14 => random.Next(4) == 0 ? Disable() : null,
            _ => null,
        };
        Command command = auth is not null ? new Command { Auth = auth } : RandomCommands.Make(random, 1).Single();
        if (random.Next(6) > 0)
        {
            command.Caller = new Caller { User = random.Next(3) == 0 ? "alice" : "root", Revision = revision + (ulong)random.Next(3) };
        }

        return command;
    }

    private sealed class Observer : IAuthObserver
    {
        public List<string> Told { get; } = [];

        public void TokenIssued(string user, string token, long index) => Told.Add($"{user} has {token}");

        public void UserInvalidated(string user) => Told.Add($"{user} invalidated");

        public void Reset() => Told.Add("reset");
    }
}
