using Veche.Server.Options;

namespace Veche.Server.Tests;

public sealed class ServerOptionsParserTests
{
    [Fact]
    public void Defaults_are_etcds()
    {
        ServerOptions options = Parse([]);
        Assert.Equal(("default", "http://localhost:2379/", "http://localhost:2380/", 100, 1000), (options.Name, options.ListenClientUrls[0].ToString(), options.ListenPeerUrls[0].ToString(), options.HeartbeatIntervalMs, options.ElectionTimeoutMs));
    }

    [Theory]
    [InlineData("--name=x")]
    [InlineData("--name", "x")]
    [InlineData("-name", "x")]
    public void Flags_in_every_form(params string[] arguments) => Assert.Equal("x", Parse([.. arguments, "--initial-cluster", "x=http://localhost:2380"]).Name);

    [Fact]
    public void Flags_win_over_environment_and_that_over_the_file()
    {
        string file = Path.GetTempFileName();
        File.WriteAllText(file, "name: file\nheartbeat-interval: 30\nelection-timeout: 900\nsnapshot-count: 5\n");
        Dictionary<string, string> environment = new() { ["ETCD_HEARTBEAT_INTERVAL"] = "20", ["VECHE_ELECTION_TIMEOUT"] = "800", ["ETCD_CONFIG_FILE"] = file };
        ServerOptions options = ServerOptionsParser.Parse(["--heartbeat-interval=10"], environment.GetValueOrDefault);
        Assert.Equal((10, 800, 5L, "file"), (options.HeartbeatIntervalMs, options.ElectionTimeoutMs, options.SnapshotCount, options.Name));
        File.Delete(file);
    }

    [Theory]
    [InlineData("unknown setting --data-dri; did you mean --data-dir?", "--data-dri=x")]
    [InlineData("unknown setting --zzzzzzzzz; 'veche serve --help' lists what there is", "--zzzzzzzzz=1")]
    [InlineData("--name needs a value: human-readable name of this member (default: default)", "--name")]
    [InlineData("'x' is not a flag; flags look like --name=value", "x")]
    [InlineData("--snapshot-count is a number from 1 to 9223372036854775807, not 'many'", "--snapshot-count=many")]
    [InlineData("--listen-client-urls has 'localhost:2379'; it should look like http://127.0.0.1:2379, with scheme and port and without a path", "--listen-client-urls=localhost:2379")]
    [InlineData("--initial-cluster does not name this member, 'default'; it has a, b", "--initial-cluster=a=http://h:1,b=http://h:2")]
    [InlineData("--election-timeout (100) should be at least five times --heartbeat-interval (50)", "--election-timeout=100", "--heartbeat-interval=50")]
    [InlineData("--veche-leader-stall-ms (50) should be 0 or at least --election-timeout (1000): a hand-over would cost more than the stall", "--veche-leader-stall-ms=50")]
    [InlineData("--veche-election-quorum and --veche-commit-quorum: of 1 voters, a quorum has 1 to 1: an election quorum of 2 and a commit quorum of 1 do not fit", "--veche-election-quorum=2")]
    [InlineData("--veche-zone has up to 64 letters, digits, dots, dashes and underscores, not 'a:b'", "--veche-zone=a:b")]
    [InlineData("--witness needs a cluster that knows of it: name 'default' in --veche-initial-witnesses on every first member, or add it to a running one (veche member add --witness) and give --initial-cluster-state existing", "--witness")]
    [InlineData("--veche-initial-witnesses names this member, 'a': start it with --witness", "--name=a", "--initial-cluster=a=http://localhost:2380,b=http://h:2", "--veche-initial-witnesses=a")]
    [InlineData("--veche-initial-witnesses names 'c', and --initial-cluster has a, b", "--name=a", "--initial-cluster=a=http://localhost:2380,b=http://h:2", "--veche-initial-witnesses=c")]
    [InlineData("--veche-initial-witnesses: of 3 voters, 2 are witnesses, and a commit quorum of 2 could be witnesses alone, so what is committed could be held by nobody: have at most 1 of so many", "--name=a", "--initial-cluster=a=http://localhost:2380,b=http://h:2,c=http://h:3", "--veche-initial-witnesses=b,c")]
    [InlineData("--veche-initial-witnesses: of 1 voters, 1 is a witness, and a commit quorum of 1 could be a witness alone, so what is committed could be held by nobody: have at most 0 of so many", "--veche-initial-witnesses=default", "--witness")]
    [InlineData("--force-new-cluster makes a cluster of what one member holds, and a --witness holds nothing; use a member with data", "--witness", "--force-new-cluster")]
    [InlineData("--initial-cluster-state is one of new, existing, not 'old'", "--initial-cluster-state=old")]
    [InlineData("--listen-metrics-urls has https, which needs --cert-file and --key-file", "--listen-metrics-urls=https://localhost:2381")]
    [InlineData("--config-file needs the path of a file", "--config-file=")]
    [InlineData("--listen-client-urls has 'http://localhost'; it should look like http://127.0.0.1:2379, with scheme and port and without a path", "--listen-client-urls=http://localhost")]
    [InlineData("--listen-client-urls has https, which needs --cert-file and --key-file", "--listen-client-urls=https://localhost:2379")]
    public void What_makes_no_sense_is_said_in_one_line(string message, params string[] arguments) =>
        Assert.Equal(message, Assert.Throws<OptionException>(() => Parse(arguments)).Message);

    [Theory]
    [InlineData("? [a, b]\n: c\n", "has a name that is not text, line 1")]
    [InlineData("listen-client-urls:\n - {a: b}\n", "'listen-client-urls' in", "should be a list of values, line 2")]
    [InlineData("client-transport-security:\n  ? [a]\n  : b\n", "has a name that is not text, line 2")]
    public void A_file_of_another_shape_is_said_in_one_line(string text, params string[] expected)
    {
        string file = Path.GetTempFileName();
        File.WriteAllText(file, text);
        string message = Assert.Throws<OptionException>(() => Parse(["--config-file", file])).Message;
        Assert.All(expected, part => Assert.Contains(part, message, StringComparison.Ordinal));
        Assert.DoesNotContain("\n", message, StringComparison.Ordinal);
        File.Delete(file);
    }

    [Theory]
    [InlineData("http://10.0.0.1:80", 80)]
    [InlineData("http://[::1]:80", 80)]
    public void A_schemes_usual_port_may_be_asked_for(string url, int port) => Assert.Equal(port, Parse(["--listen-client-urls", url]).ListenClientUrls[0].Port);

    [Fact]
    public void A_trusted_authority_means_certificates_are_required_as_in_etcd()
    {
        string[] files = ["--cert-file=c", "--key-file=k"];
        Assert.False(Parse(files).ClientTls!.RequireClientCertificate);
        Assert.True(Parse([.. files, "--trusted-ca-file=ca"]).ClientTls!.RequireClientCertificate);
        Assert.True(Parse([.. files, "--trusted-ca-file=ca", "--client-cert-auth=false"]).ClientTls!.RequireClientCertificate);
    }

    [Fact]
    public void Ids_are_etcds()
    {
        // What etcd prints for its default member.
        ClusterIdentity identity = ClusterIdentity.Of(Parse([]));
        Assert.Equal(("8e9e05c52164694d", 0xcdf818194e3a8c32), (identity.Self.ToString(), identity.ClusterId));
    }

    private static ServerOptions Parse(string[] arguments) => ServerOptionsParser.Parse(arguments, static _ => null);
}
