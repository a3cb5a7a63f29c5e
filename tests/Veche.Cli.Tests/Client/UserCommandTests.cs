using Veche.Server;

namespace Veche.Cli.Tests.Client;

/// <summary>Users from nothing to refusals, by our commands alone.</summary>
public sealed class UserCommandTests
{
    [Fact]
    public async Task Who_may_not_is_told_what_would_help()
    {
        await using VecheServer server = await Run.MemberAsync();
        Task<Ended> VecheAsync(params string[] args) => Run.CommandAsync([.. args, "--endpoints", server.ClientAddresses[0]]);
        Assert.Equal("User root created\n", (await VecheAsync("user", "add", "root", "--new-user-password", "r")).Output);
        Assert.Equal("Role root granted to user root\n", (await VecheAsync("user", "grant-role", "root", "root")).Output);
        Assert.Equal("Role app created\n", (await VecheAsync("role", "add", "app")).Output);
        Assert.Equal("Role app updated\n", (await VecheAsync("role", "grant-permission", "app", "readwrite", "app/", "--prefix")).Output);
        Assert.Equal(0, (await VecheAsync("user", "add", "alice", "--new-user-password", "a")).Code);
        Assert.Equal(0, (await VecheAsync("user", "grant-role", "alice", "app")).Code);
        Assert.Equal("OK\n", (await VecheAsync("put", "app/1", "x", "--user", "alice:whatever")).Output);
        Assert.Equal("Authentication Enabled\n", (await VecheAsync("auth", "enable")).Output);

        Assert.Equal("OK\n", (await VecheAsync("put", "app/1", "x", "--user", "alice:a")).Output);
        Assert.Equal("app/1\nx\n", (await VecheAsync("get", "app/", "--prefix", "--user", "alice", "--password", "a")).Output);
        Ended denied = await VecheAsync("put", "other", "x", "--user", "alice:a");
        Assert.Equal((5, "veche: etcdserver: permission denied. User 'alice' may not do this; `veche user get alice` shows the roles. Root can allow it: veche role grant-permission ROLE write other  and  veche user grant-role alice ROLE\n"), (denied.Code, denied.Error));
        Ended wrong = await VecheAsync("get", "app/1", "--user", "alice:secret-and-wrong");
        Assert.Equal(5, wrong.Code);
        Assert.Contains("Is 'alice' the right name", wrong.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("secret-and-wrong", wrong.Error, StringComparison.Ordinal);
        Ended nobody = await VecheAsync("get", "app/1");
        Assert.Equal(5, nobody.Code);
        Assert.Contains("add --user NAME", nobody.Error, StringComparison.Ordinal);
        Assert.Equal((5, true), await WatchDeniedAsync(VecheAsync));
        Assert.Equal("User: alice\nRoles: app\n", (await VecheAsync("user", "get", "alice", "--user", "root:r")).Output);
        Assert.Equal("Authentication Status: true\n", (await VecheAsync("auth", "status", "--user", "root:r")).Output.Split('\n')[0] + "\n");
        Assert.Equal(0, (await VecheAsync("status", "--user", "root:r")).Code);
    }

    private static async Task<(int, bool)> WatchDeniedAsync(Func<string[], Task<Ended>> veche)
    {
        Ended watch = await veche(["watch", "other", "--user", "alice:a"]);
        return (watch.Code, watch.Error.Contains("grant-permission ROLE read other", StringComparison.Ordinal));
    }
}
