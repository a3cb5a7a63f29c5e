using System.Net;
using System.Net.Sockets;
using Veche.Api;
using Veche.Cli.Dev;
using Veche.Cli.Status;

namespace Veche.Cli.Tests;

public sealed class DevTests
{
    [Fact]
    public void Members_are_where_etcds_example_has_them()
    {
        Assert.Equal([2379, 22379, 32379], DevLayout.Of(3, 2379, null).Select(static member => member.ClientPort));
        Assert.Equal([2380, 22380, 32380], DevLayout.Of(3, 2379, null).Select(static member => member.PeerPort));
        Assert.All(DevLayout.Of(9, 2379, null), static member => Assert.True(member.PeerPort <= 65535));
        Assert.Equal(18, DevLayout.Of(9, 60_000, null).SelectMany(static member => (int[])[member.ClientPort, member.PeerPort]).Distinct().Count());
    }

    [Fact]
    public void Ports_in_use_are_found()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        int port = ((IPEndPoint)listener.LocalEndpoint).Port;
        Assert.Equal([port], DevLayout.PortsInUse([new DevMember("m1", port, port == 65535 ? 1025 : TestPorts.Free(), null)]));
    }

    [Fact]
    public void Lines_tell_each_change_once()
    {
        DevMember member = DevLayout.Of(1, 2379, null)[0];
        IReadOnlyList<DevMemberState> starting = [new(member, 10, Unreachable(), string.Empty)];
        IReadOnlyList<DevMemberState> ready = [new(member, 10, Leading(1), string.Empty)];
        IReadOnlyList<DevMemberState> gone = [new(member, null, Unreachable(), "veche: no")];
        Assert.Equal(["m1: started, pid 10, clients at http://127.0.0.1:2379"], DevLines.Changes(null, starting));
        Assert.Equal(["m1: healthy", "leader: m1 in term 1", "cluster ready: 1 of 1 members healthy"], DevLines.Changes(starting, ready));
        Assert.Empty(DevLines.Changes(ready, ready));
        Assert.Equal(["m1: ended (veche: no)"], DevLines.Changes(ready, gone));
    }

    [Fact]
    public void The_summary_says_what_may_still_fail()
    {
        Assert.Equal((true, "3 of 3 healthy, quorum 2: 1 more may fail"), Summary(Leading(1), Leading(1), Leading(1)));
        Assert.Equal((true, "2 of 3 healthy, quorum 2: not one more may fail"), Summary(Leading(1), Unreachable(), Leading(1)));
        Assert.Equal((false, "1 of 3 healthy, quorum 2: no quorum, writes and linearizable reads stop"), Summary(Leading(1), Unreachable(), Unreachable()));
    }

    [Fact]
    public void Rows_show_lag_and_who_does_not_answer()
    {
        IReadOnlyList<StatusRow> rows = StatusRows.ToRows([Leading(1, 20), Leading(1, 15), Unreachable()]);
        Assert.Equal([0UL, 5UL, 0UL], rows.Select(static row => row.Lag));
        Assert.Equal("connection refused", rows[2].Health);
        Assert.Equal("leader", rows[0].Role);
    }

    private static (bool, string) Summary(params EndpointStatus[] statuses)
    {
        ClusterSummary summary = ClusterSummary.Of(statuses);
        return (summary.HasQuorum, summary.Text);
    }

    private static EndpointStatus Unreachable() => new("http://x", null, null, "connection refused", TimeSpan.Zero);

    private static EndpointStatus Leading(ulong term, ulong applied = 5) =>
        new("http://x", new StatusResponse { Header = new ResponseHeader { MemberId = 1 }, Leader = 1, RaftTerm = term, RaftIndex = applied, RaftAppliedIndex = applied }, null, null, TimeSpan.Zero);
}
