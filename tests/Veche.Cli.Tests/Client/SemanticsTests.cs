using Veche.Server;

namespace Veche.Cli.Tests.Client;

/// <summary>What etcd cannot be asked for, against a member in this process.</summary>
public sealed class SemanticsTests : IAsyncLifetime
{
    private VecheServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await Run.MemberAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task A_read_says_how_fresh_it_is_and_its_token_is_taken()
    {
        await VecheAsync("put", "a", "1");
        Ended read = await VecheAsync("get", "a", "--consistency", "bounded:ms=1000");
        Assert.Equal((0, "a\n1\n"), (read.Code, read.Output));
        Assert.Matches("^revision: 2\n", read.Error);
        Assert.Matches("age-ms: [0-9]+\n", read.Error);
        string token = read.Error.Split('\n').Single(static line => line.StartsWith("token: ", StringComparison.Ordinal))["token: ".Length..];
        Assert.Equal("a\n1\n", (await VecheAsync("get", "a", "--consistency", "causal", "--after", token)).Output);
        Assert.Equal(string.Empty, (await VecheAsync("get", "a")).Error);
        Assert.Equal(2, (await VecheAsync("get", "a", "--consistency", "often")).Code);
    }

    [Fact]
    public async Task A_write_in_a_session_happens_once()
    {
        string session = (await VecheAsync("session", "open")).Output.Trim();
        Assert.Equal("OK\n", (await VecheAsync("put", "a", "1", "--session", session, "--sequence", "1")).Output);
        await VecheAsync("put", "a", "2");
        Assert.Equal("OK\n", (await VecheAsync("put", "a", "1", "--session", session, "--sequence", "1")).Output);
        Assert.Equal("a\n2\n", (await VecheAsync("get", "a")).Output);
        Assert.Equal(2, (await VecheAsync("put", "a", "1", "--session", session)).Code);
        Assert.StartsWith("happened at index ", (await VecheAsync("outcome", $"s1-{session}-1")).Output, StringComparison.Ordinal);
        Assert.Equal(3, (await VecheAsync("outcome", $"s1-{session}-2")).Code);
        Assert.StartsWith("never: ", (await VecheAsync("outcome", $"s1-{session}-2", "--settle")).Output, StringComparison.Ordinal);
        Assert.Equal(1, (await VecheAsync("put", "b", "1", "--session", session, "--sequence", "2")).Code);
        Assert.Equal("OK\n", (await VecheAsync("session", "close", session)).Output);
        Assert.Contains("the session is unknown", (await VecheAsync("put", "a", "1", "--session", session, "--sequence", "1")).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_write_says_what_it_has_reached()
    {
        Ended put = await VecheAsync("put", "a", "1", "--write-concern", "all+applied", "--write-timeout-ms", "5000");
        Assert.Equal((0, "OK\n"), (put.Code, put.Output));
        Assert.Matches("^reached: all\\+applied\n", put.Error);
        Assert.Equal("OK, answered before its commit\n", (await VecheAsync("put", "a", "2", "--write-concern", "none", "-w", "table")).Output);

        // What is deleted is known only after the commit.
        Assert.NotEqual(0, (await VecheAsync("del", "a", "--write-concern", "leader")).Code);
        Assert.Matches("^reached: 1\n", (await VecheAsync("del", "a", "--write-concern", "1")).Error);
        Assert.Matches("^reached: majority\n", (await VecheAsync("txn", "--then", "put b 1", "--write-concern", "majority")).Error);
        Assert.Contains("most", (await VecheAsync("put", "a", "1", "--write-concern", "most")).Error, StringComparison.Ordinal);
        Assert.Equal(2, (await VecheAsync("put", "a", "1", "--write-timeout-ms", "0")).Code);
    }

    private Task<Ended> VecheAsync(params string[] arguments) => Run.CommandAsync([.. arguments, "--endpoints", _server.ClientAddresses[0]]);
}
