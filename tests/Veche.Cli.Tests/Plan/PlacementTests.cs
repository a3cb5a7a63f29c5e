using Veche.Cli.Client;
using Veche.Cli.Plan;
using Veche.Cli.Tests.Client;
using Veche.Raft;
using Veche.Server;

namespace Veche.Cli.Tests.Plan;

/// <summary>What a placement of voters survives.</summary>
public sealed class PlacementTests
{
    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 0)]
    [InlineData(3, 1)]
    [InlineData(4, 1)]
    [InlineData(5, 2)]
    [InlineData(6, 2)]
    [InlineData(7, 3)]
    public void Failures_survived(int voters, int failures) => Assert.Equal(failures, PlanCommand.Parse(voters, null, QuorumSizes.Majority).FailuresSurvived);

    [Theory]
    [InlineData("a:2,b:2,c:1", "")]
    [InlineData("a:3,b:2", "a")]
    [InlineData("a:1,b:1,c:1", "")]
    [InlineData("a:2,b:2", "a b")]
    [InlineData("a:3,b:1,c:1", "a")]
    [InlineData("a:3", "a")]
    [InlineData("a:2,b:2,c:2,d:1", "")]
    public void Zones_that_stop_it_alone(string zones, string fatal) => Assert.Equal(fatal, string.Join(' ', PlanCommand.Parse(null, zones, QuorumSizes.Majority).Fatal));

    /// <summary>The rule against counting: taken away zone by zone, is there still a quorum of those who are left?</summary>
    [Fact]
    public void The_verdict_on_a_zone_is_that_of_the_configuration()
    {
        for (int code = 0; code < 256; code++)
        {
            int[] counts = [.. new[] { code & 3, (code >> 2) & 3, (code >> 4) & 3, code >> 6 }.Where(static count => count > 0)];
            if (counts.Length == 0)
            {
                continue;
            }

            List<int> zoneOf = [.. counts.SelectMany(static (count, zone) => Enumerable.Repeat(zone, count))];
            Configuration configuration = Configuration.Of(Enumerable.Range(1, zoneOf.Count).Select(static id => new MemberId((ulong)id)));
            var placement = new Placement(counts.Select(static (count, zone) => (zone, count)).ToDictionary(static pair => "z" + pair.zone, static pair => pair.count), QuorumSizes.Majority);
            foreach (ZoneLoss loss in placement.Losses)
            {
                int lost = int.Parse(loss.Zone[1..], System.Globalization.CultureInfo.InvariantCulture);
                Assert.Equal(configuration.HasQuorum(member => zoneOf[(int)member.Value - 1] != lost), loss.Outcome == Outcome.GoesOn);
            }
        }
    }

    [Fact]
    public void Flexible_quorums_are_told_apart()
    {
        Placement placement = PlanCommand.Parse(null, "a:2,b:2,c:1", new QuorumSizes(4, 2));
        Assert.Equal((1, "a b"), (placement.FailuresSurvived, string.Join(' ', placement.Fatal)));
        Assert.All(placement.Losses.Where(static loss => loss.Voters == 2), static loss => Assert.Equal(Outcome.NoElections, loss.Outcome));
        Assert.Contains(PlanCommand.Parse(5, null, new QuorumSizes(3, 2)).Warnings, static warning => warning.Contains("need not share a voter", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("a:1,b:1,c:1", "c:1", "", 1)]
    [InlineData("a:2,b:2,c:1", "c:1", "", 2)]
    [InlineData("a:2,b:2,c:1", "a:1,b:1", "", 1)]
    [InlineData("a:2,b:1", "b:1", "a", 1)]
    [InlineData("a:1,b:2,c:2", "b:1,c:1", "", 1)]
    public void Witnesses_vote_and_hold_nothing(string zones, string witnesses, string fatal, int fewestCopies)
    {
        Placement placement = PlanCommand.Parse(null, zones, QuorumSizes.Majority, witnesses);
        Assert.Equal((fatal, fewestCopies), (string.Join(' ', placement.Fatal), placement.FewestCopies));
        Assert.Contains(placement.Warnings, static warning => warning.Contains("a write may be committed with", StringComparison.Ordinal));
    }

    [Fact]
    public void Witnesses_that_are_left_alone_stop_although_they_are_enough()
    {
        Placement placement = PlanCommand.Parse(null, "a:2,b:1,c:1,d:1", new QuorumSizes(4, 2), "b:1");
        Assert.Equal(Outcome.NoElections, placement.Losses.Single(static loss => loss.Zone == "a").Outcome);
        placement = PlanCommand.Parse(null, "a:3,b:2", new QuorumSizes(4, 2), "b:2");
        Assert.Equal(Outcome.Stops, placement.Losses.Single(static loss => loss.Zone == "a").Outcome);
    }

    [Theory]
    [InlineData(0, "plan", "--members", "5", "--witnesses", "2")]
    [InlineData(0, "plan", "--zones", "a:1,b:1,c:1", "--witnesses", "c:1")]
    [InlineData(1, "plan", "--members", "3", "--witnesses", "2")]
    [InlineData(ExitCode.Usage, "plan", "--members", "3", "--witnesses", "4")]
    [InlineData(ExitCode.Usage, "plan", "--members", "3", "--witnesses", "one")]
    [InlineData(ExitCode.Usage, "plan", "--zones", "a:1,b:2", "--witnesses", "c:1")]
    [InlineData(ExitCode.Usage, "plan", "--witnesses", "1")]
    [InlineData(ExitCode.Usage, "plan", "--commit", "2")]
    public async Task What_it_ends_with_where_some_are_witnesses(int code, params string[] arguments) => Assert.Equal(code, (await Run.CommandAsync(arguments)).Code);

    [Theory]
    [InlineData(0, "plan", "--members", "5", "--zones", "a:2,b:2,c:1")]
    [InlineData(0, "plan", "--members", "4")]
    [InlineData(1, "plan", "--zones", "a:3,b:2")]
    [InlineData(1, "plan", "--members", "5", "--election", "3", "--commit", "2")]
    [InlineData(ExitCode.Usage, "plan", "--members", "5", "--zones", "a:2,b:2")]
    [InlineData(ExitCode.Usage, "plan", "--zones", "a:2,a:1")]
    [InlineData(ExitCode.Usage, "plan", "--zones", "a2")]
    [InlineData(ExitCode.Usage, "plan", "--members", "0")]
    public async Task What_it_ends_with(int code, params string[] arguments) => Assert.Equal(code, (await Run.CommandAsync(arguments)).Code);

    [Fact]
    public async Task Even_sizes_and_two_zones_are_warned_about()
    {
        Assert.Contains("4 voters survive 1 failure, as 3 do", (await Run.CommandAsync("plan", "--members", "4")).Output, StringComparison.Ordinal);
        Assert.Contains("Put voters into a third", (await Run.CommandAsync("plan", "--zones", "a:3,b:2", "-o", "plain")).Output, StringComparison.Ordinal);
        Assert.Contains("no zone should have more than 2", (await Run.CommandAsync("plan", "--zones", "a:3,b:1,c:1", "-o", "json")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_running_cluster_is_asked()
    {
        await using VecheServer server = await Run.MemberAsync(static options => options with { Zone = "north" });
        await Run.CommandAsync("put", "a", "1", "--endpoints", server.ClientAddresses[0]);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        using var ticks = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (!server.IsPublished)
        {
            await ticks.WaitForNextTickAsync(limit.Token);
        }

        Ended ended = await Run.CommandAsync("plan", "--endpoints", server.ClientAddresses[0]);
        Assert.Equal(1, ended.Code);
        Assert.Contains("north", ended.Output, StringComparison.Ordinal);
        Assert.Contains("1 voters: 1 elect a leader, 1 must hold a write; any 0 may fail", ended.Output, StringComparison.Ordinal);
        Assert.Contains("north", (await Run.CommandAsync("member", "list", "-o", "table", "--endpoints", server.ClientAddresses[0])).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Priorities_and_quorums_from_the_command_line()
    {
        await using VecheServer server = await Run.MemberAsync();
        string endpoint = server.ClientAddresses[0];
        Assert.Contains("priority 7", (await Run.CommandAsync("member", "priority", "default", "7", "--endpoints", endpoint)).Output, StringComparison.Ordinal);
        Ended refused = await Run.CommandAsync("member", "priority", "default", "0", "--endpoints", endpoint);
        Assert.NotEqual(0, refused.Code);
        Assert.Contains("nobody could ever lead", refused.Error, StringComparison.Ordinal);
        Assert.Contains("there is no member 'x'; there are default", (await Run.CommandAsync("member", "priority", "x", "1", "--endpoints", endpoint)).Error, StringComparison.Ordinal);
        Assert.Equal("1 voters: 1 votes elect a leader, 1 must hold a write; writes go on with 0 away, elections with 0\n", (await Run.CommandAsync("member", "quorum", "--endpoints", endpoint)).Output);
        Assert.NotEqual(0, (await Run.CommandAsync("member", "quorum", "--election", "2", "--commit", "1", "--endpoints", endpoint)).Code);
        Assert.Contains("7", (await Run.CommandAsync("status", "--endpoints", endpoint)).Output, StringComparison.Ordinal);
    }
}
