using System.Text.Json;
using Grpc.Net.Client;
using Veche.Api;
using Veche.Server;

namespace Veche.Cli.Tests.Client;

/// <summary>Keys, transactions and leases, against a member in this process.</summary>
public sealed class KeyCommandTests : IAsyncLifetime
{
    private VecheServer _server = null!;
    private string _endpoint = string.Empty;

    public async ValueTask InitializeAsync()
    {
        _server = await Run.MemberAsync();
        _endpoint = _server.ClientAddresses[0];
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task Plain_is_etcdctls_form()
    {
        Assert.Equal(new Ended(0, "OK\n", string.Empty), await VecheAsync("put", "a", "1"));
        Assert.Equal("OK\na\n1\n", (await VecheAsync("put", "a", "2", "--prev-kv")).Output);
        await VecheAsync("put", "ab", "3");
        await VecheAsync("put", "b", "4");
        Assert.Equal("a\n2\n", (await VecheAsync("get", "a")).Output);
        Assert.Equal("a\n2\nab\n3\n", (await VecheAsync("get", "a", "--prefix")).Output);
        Assert.Equal("a\n2\nab\n3\n", (await VecheAsync("get", "a", "b")).Output);
        Assert.Equal("ab\n3\nb\n4\n", (await VecheAsync("get", "ab", "--from-key")).Output);
        Assert.Equal("b\n4\nab\n3\na\n2\n", (await VecheAsync("get", "", "--prefix", "--order", "descend")).Output);
        Assert.Equal("b\n\n", (await VecheAsync("get", "", "--prefix", "--sort-by", "modify", "--order", "descend", "--limit", "1", "--keys-only")).Output);
        Assert.Equal("3\n", (await VecheAsync("get", "", "--prefix", "--count-only")).Output);
        Assert.Equal("2\n", (await VecheAsync("get", "a", "--print-value-only", "--serializable")).Output);
        Assert.Equal("a\n1\n", (await VecheAsync("get", "a", "--rev", "2")).Output);
        Assert.Equal("2\na\n2\nab\n3\n", (await VecheAsync("del", "a", "--prefix", "--prev-kv")).Output);
        Assert.Equal(new Ended(0, string.Empty, string.Empty), await VecheAsync("get", "a"));
        Assert.Equal("OK\n", (await Run.CommandAsync("put", "--endpoints", _endpoint, "--", "-k", "--v")).Output);
        Assert.Equal("-k\n--v\nb\n4\n", (await VecheAsync("get", "", "--prefix")).Output);
    }

    [Fact]
    public async Task Json_has_the_names_that_are_documented()
    {
        await VecheAsync("put", "k", "v");
        using var document = JsonDocument.Parse((await VecheAsync("get", "k", "-o", "json")).Output);
        JsonElement kv = document.RootElement.GetProperty("kvs")[0];
        Assert.Equal(("k", "v", 2, 2, 1), (kv.GetProperty("key").GetString(), kv.GetProperty("value").GetString(), kv.GetProperty("createRevision").GetInt32(), kv.GetProperty("modRevision").GetInt32(), kv.GetProperty("version").GetInt32()));
        Assert.Equal((1, 2, false), (document.RootElement.GetProperty("count").GetInt32(), document.RootElement.GetProperty("revision").GetInt32(), document.RootElement.GetProperty("more").GetBoolean()));
        Assert.False(kv.TryGetProperty("lease", out _));
        Assert.Equal("{\"revision\":3,\"deleted\":1,\"previous\":[]}\n", (await VecheAsync("del", "k", "-o", "json")).Output);
    }

    [Fact]
    public async Task A_table_shows_what_would_move_the_cursor_as_what_it_is()
    {
        await VecheAsync("put", "k[red]", "a\u001b[2Jb");
        string table = (await VecheAsync("get", "k", "--prefix", "-o", "table")).Output;
        Assert.Contains("k[red]", table, StringComparison.Ordinal);
        Assert.Contains("a\\x1b[2Jb", table, StringComparison.Ordinal);
        Assert.Contains("1 of 1 keys at revision 2", table, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Transactions_depend_on_their_conditions()
    {
        string[] txn = ["txn", "--if", "version(\"k\") = 0", "--then", "put k 'v 1'", "--else", "get k"];
        Assert.Equal("SUCCESS\n\nOK\n", (await VecheAsync(txn)).Output);
        Assert.Equal("FAILURE\n\nk\nv 1\n", (await VecheAsync(txn)).Output);
        Assert.Equal("SUCCESS\n\n1\n\nOK\n", (await VecheAsync("txn", "--if", "value(\"k\") = \"v 1\"", "--then", "del k", "--then", "put l \"\"")).Output);
    }

    [Fact]
    public async Task Leases_take_their_keys_with_them()
    {
        string lease = (await VecheAsync("lease", "grant", "60")).Output.Split(' ')[1];
        Assert.Equal("OK\n", (await VecheAsync("put", "k", "v", "--lease", lease)).Output);
        Assert.Equal($"found 1 leases\n{lease}\n", (await VecheAsync("lease", "list")).Output);
        Assert.StartsWith($"lease {lease} granted with TTL(60s), remaining(", (await VecheAsync("lease", "timetolive", lease, "--keys")).Output, StringComparison.Ordinal);
        Assert.Equal($"lease {lease} keepalived with TTL(60)\n", (await VecheAsync("lease", "keep-alive", lease, "--once")).Output);
        Assert.Equal($"lease {lease} revoked\n", (await VecheAsync("lease", "revoke", lease)).Output);
        Assert.Equal(string.Empty, (await VecheAsync("get", "k")).Output);
        Ended gone = await VecheAsync("lease", "keep-alive", lease);
        Assert.Equal((1, $"veche: lease {lease} expired or revoked. Its keys are gone with it; `veche lease grant TTL` makes another\n"), (gone.Code, gone.Error));
        Assert.Equal($"lease {lease} already expired\n", (await VecheAsync("lease", "timetolive", lease)).Output);
    }

    [Fact]
    public async Task A_revision_that_is_compacted_is_answered_with_the_oldest_there_is()
    {
        for (int i = 0; i < 5; i++)
        {
            await VecheAsync("put", "k", "v");
        }

        using GrpcChannel channel = GrpcChannel.ForAddress(_endpoint);
        await new KV.KVClient(channel).CompactAsync(new CompactionRequest { Revision = 4 });
        Ended refused = await VecheAsync("get", "k", "--rev", "2");
        Assert.Equal((1, "veche: etcdserver: mvcc: required revision has been compacted. The oldest that can be read is 4: --rev 4\n"), (refused.Code, refused.Error));
        Assert.Equal(0, (await VecheAsync("get", "k", "--rev", "4")).Code);
        Ended watch = await VecheAsync("watch", "k", "--rev", "2");
        Assert.Equal((1, "veche: revision 2 has been compacted. The oldest that can be watched is 4: --rev 4\n"), (watch.Code, watch.Error));
    }

    [Theory]
    [InlineData("get")]
    [InlineData("get", "a", "b", "--prefix")]
    [InlineData("del", "a", "--prefx")]
    [InlineData("put", "a", "1", "--lease", "xyz")]
    [InlineData("txn", "--if", "nonsense", "--then", "get a")]
    [InlineData("get", "a", "--timeout", "soon")]
    [InlineData("get", "a", "--cert", "x")]
    [InlineData("get", "a", "-o", "xml")]
    [InlineData("member", "remove", "m1!")]
    public async Task What_cannot_be_understood_ends_with_2(params string[] args)
    {
        Ended ended = await VecheAsync(args);
        Assert.Equal(2, ended.Code);
        Assert.NotEmpty(ended.Error);
    }

    [Fact]
    public async Task An_endpoint_that_is_down_is_passed_over_also_by_writes()
    {
        string down = $"127.0.0.1:{TestPorts.Free()}";
        Assert.Equal("OK\n", (await Run.CommandAsync("put", "a", "1", "--endpoints", $"{down},{_endpoint}")).Output);
        Assert.Equal("a\n1\n", (await Run.CommandAsync("get", "a", "--endpoints", $"{down},{_endpoint}")).Output);
        Ended nobody = await Run.CommandAsync("get", "a", "--endpoints", down);
        Assert.Equal(4, nobody.Code);
        Assert.StartsWith($"veche: no endpoint answers (http://{down}: connection refused). Is a member running there", nobody.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Snapshots_and_status_take_the_same_options()
    {
        // A write is only done when there is a leader, which status asks about.
        Assert.Equal(0, (await VecheAsync("put", "k", "v")).Code);
        string file = Path.Combine(Directory.CreateTempSubdirectory("veche-cli-").FullName, "s.db");
        Assert.Equal(new Ended(0, $"saved {file}\n", string.Empty), await VecheAsync("snapshot", "save", file));
        Assert.True(new FileInfo(file).Length > 0);
        Ended status = await VecheAsync("status", "-o", "plain");
        Assert.Equal(0, status.Code);
        Assert.StartsWith(_endpoint, status.Output, StringComparison.Ordinal);
        Assert.Contains("1 of 1 healthy", (await VecheAsync("status")).Output, StringComparison.Ordinal);
        Directory.Delete(Path.GetDirectoryName(file)!, recursive: true);
    }

    private Task<Ended> VecheAsync(params string[] args) => Run.CommandAsync([.. args, "--endpoints", _endpoint]);
}
