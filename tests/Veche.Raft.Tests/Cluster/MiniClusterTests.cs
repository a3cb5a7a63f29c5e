using System.Globalization;

namespace Veche.Raft.Tests.Cluster;

public sealed class MiniClusterTests
{
    private const int Steps = 4000;
    private const int SeedsPerTest = 50;

    /// <summary>More with VECHE_SEEDS, for a campaign.</summary>
    public static IEnumerable<TheoryDataRow<int>> Blocks()
    {
        string? more = Environment.GetEnvironmentVariable("VECHE_SEEDS");
        int seeds = more is null ? 400 : int.Parse(more, CultureInfo.InvariantCulture);
        for (int first = 1; first <= seeds; first += SeedsPerTest)
        {
            yield return new TheoryDataRow<int>(first);
        }
    }

    [Theory]
    [MemberData(nameof(Blocks))]
    public void Safety_under_fire_and_progress_after_it(int firstSeed)
    {
        int commits = 0;
        int reads = 0;
        int snapshots = 0;
        int changes = 0;
        int tuned = 0;
        int ill = 0;
        for (int seed = firstSeed; seed < firstSeed + SeedsPerTest; seed++)
        {
            var cluster = new MiniCluster(seed);
            cluster.RunUnderFire(Steps);
            cluster.HealAndRequireProgress();
            commits += (int)cluster.MaxCommit;
            reads += cluster.ReadsGranted;
            snapshots += cluster.SnapshotsTaken;
            changes += cluster.ConfigurationChanges;
            tuned += cluster.TunedChanges;
            ill += cluster.IllMembers;
        }

        // A world in which nothing happens proves nothing.
        Assert.True(commits > SeedsPerTest * 20 && reads > SeedsPerTest && snapshots > 0 && changes > SeedsPerTest && tuned > SeedsPerTest / 2 && ill > 0, $"{commits} commits, {reads} reads, {snapshots} snapshots, {changes} configuration changes, {tuned} of them of priorities and quorums, {ill} times somebody ill");
    }

    [Theory]
    [MemberData(nameof(Blocks))]
    public void Safety_with_witnesses_and_progress_after_it(int firstSeed)
    {
        int commits = 0;
        int changes = 0;
        int onWitnesses = 0;
        for (int seed = firstSeed; seed < firstSeed + SeedsPerTest; seed++)
        {
            var cluster = new MiniCluster(seed, hasWitnesses: true);
            cluster.RunUnderFire(Steps);
            cluster.HealAndRequireProgress();
            commits += (int)cluster.MaxCommit;
            changes += cluster.ConfigurationChanges;
            onWitnesses += cluster.CommitsOnWitnesses;
        }

        Assert.True(commits > SeedsPerTest * 15 && changes > SeedsPerTest && onWitnesses > SeedsPerTest, $"{commits} commits, {onWitnesses} of them on witnesses, {changes} configuration changes");
    }

    /// <summary>Members lose their logs, though not term and vote, as a damaged disk that is repaired from the others does it.</summary>
    [Theory]
    [MemberData(nameof(Blocks))]
    public void Safety_when_logs_are_lost_and_progress_after_it(int firstSeed)
    {
        int commits = 0;
        int lost = 0;
        for (int seed = firstSeed; seed < firstSeed + SeedsPerTest; seed++)
        {
            var cluster = new MiniCluster(seed, losesLogs: true);
            cluster.RunUnderFire(Steps);
            cluster.HealAndRequireProgress();
            commits += (int)cluster.MaxCommit;
            lost += cluster.LogsLost;
        }

        Assert.True(commits > SeedsPerTest * 10 && lost > SeedsPerTest, $"{commits} commits, {lost} logs lost");
    }
}
