using Google.Protobuf;
using Veche.Api;
using Veche.Server.Audit;
using Veche.Server.Options;

namespace Veche.Server.Tests.Audit;

/// <summary>Members that write audit trails, stopped and started in between.</summary>
public sealed class AuditWriterTests : SocketClusterTests
{
    /// <summary>Members keep the last 5,000 entries behind a saved state.</summary>
    private const int MoreThanLogsKeep = 5200;

    [Fact]
    public async Task Every_entry_is_told_by_every_member_through_restarts_and_snapshots()
    {
        (string Name, Uri Url)[] places = Places(3);
        await Task.WhenAll(places.Select(place => StartAsync(place.Name, places)));
        var kv = new KV.KVClient(ChannelTo("m0"));
        for (int i = 0; i < 60; i++)
        {
            await kv.PutAsync(new PutRequest { Key = B($"k{i % 7}"), Value = ByteString.CopyFrom(new byte[2000]) });
        }

        // While it is away the others' logs move on past what it has: it is given a later state, and its trail says so.
        await StopAsync("m2");
        await PutAsync(MoreThanLogsKeep);
        await StartAsync("m2", places);
        await UntilAsync(() => Servers["m2"].Status.AppliedIndex >= Servers["m0"].Status.CommitIndex);
        await StopAsync("m1");
        await StartAsync("m1", places);
        await kv.DeleteRangeAsync(new DeleteRangeRequest { Key = B("k0"), RangeEnd = B("k9") });
        long last = Servers["m0"].Status.LastIndex;
        await UntilAsync(() => Servers.Values.All(server => server.Status.AppliedIndex >= last));
        foreach (string name in Servers.Keys.ToList())
        {
            await StopAsync(name);
        }

        AuditVerification verified = AuditVerification.Of([.. places.Select(place => TrailOf(place.Name))]);
        Assert.Empty(verified.Findings);
        Assert.Empty(verified.Missing);
        Assert.All(verified.Trails, trail => Assert.True(trail.Last >= last));
        Assert.Empty(verified.Trails[1].Gaps);
        Assert.Equal("this member was given a later state instead of these", Assert.Single(verified.Trails[2].Gaps).Why);
        List<AuditLine> m1 = [.. AuditReader.Read(TrailOf("m1"))];
        Assert.Equal(Enumerable.Range(1, (int)m1[^1].Through), m1.Where(static line => line.Kind == AuditLineKind.Entry).Select(static line => (int)line.From));
        Assert.Equal(60 + MoreThanLogsKeep, m1.Count(static line => line.Content.Contains("\"kind\":\"put\"", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_trail_that_is_begun_later_says_so_and_one_of_another_life_is_refused()
    {
        (string Name, Uri Url)[] places = Places(1);
        await StartAsync("m0", places, options => Usual(options) with { AuditDirectory = null });
        await PutAsync(MoreThanLogsKeep);
        await StopAsync("m0");
        await StartAsync("m0", places);
        await PutAsync(5);
        await StopAsync("m0");
        List<AuditLine> lines = [.. AuditReader.Read(TrailOf("m0"))];
        Assert.Equal(AuditLineKind.Gap, lines[1].Kind);
        Assert.Equal((1, "the trail was begun after these"), (lines[1].From, lines[1].Why));
        Assert.Equal(lines[1].Through + 1, lines[2].From);

        // The same member anew: its log begins again, and the trail must not go on as if nothing had been.
        Directory.Delete(Path.Combine(DataDirectory, "m0"), recursive: true);
        await StartAsync("m0", places, options => Usual(options) with { AuditDirectory = null });
        await PutAsync(MoreThanLogsKeep + 200);
        await StopAsync("m0");
        ServerStartException refused = await Assert.ThrowsAsync<ServerStartException>(async () => await StartAsync("m0", places));
        Assert.Contains("another life of this member", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_trail_that_was_changed_is_written_again_where_the_log_has_it_and_refused_where_not()
    {
        (string Name, Uri Url)[] places = Places(1);
        await StartAsync("m0", places);
        await PutAsync(MoreThanLogsKeep);
        await StopAsync("m0");
        string file = Directory.EnumerateFiles(TrailOf("m0"), "audit-*").Single();
        string[] whole = await File.ReadAllLinesAsync(file, TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(file, string.Join('\n', whole).Replace("\"index\":6,", "\"index\":7,", StringComparison.Ordinal) + "\n", TestContext.Current.CancellationToken);
        ServerStartException refused = await Assert.ThrowsAsync<ServerStartException>(async () => await StartAsync("m0", places));
        Assert.Contains("is damaged at line 7", refused.Message, StringComparison.Ordinal);
        string last = whole[^1];
        await File.WriteAllTextAsync(file, string.Join('\n', whole[..^1]) + "\n" + last.Replace("\"index\"", "\"jndex\"", StringComparison.Ordinal) + "\n", TestContext.Current.CancellationToken);
        await StartAsync("m0", places);
        await PutAsync(3);
        await StopAsync("m0");
        Assert.Empty(AuditVerification.Of([TrailOf("m0")]).Findings);
    }

    [Fact]
    public async Task A_disk_that_fails_delays_the_trail_and_makes_no_hole()
    {
        (string Name, Uri Url)[] places = Places(1);
        var disk = new Log.MemoryDisk(canCrash: true);
        await StartAsync("m0", places, options => Usual(options) with { OpenAuditDisk = _ => disk });
        await PutAsync(20);
        await UntilAsync(() => Puts(disk) == 20);

        // Writes go on, and what is told of them can be read, though it is not saved.
        disk.SyncFailure = "Input/output error";
        await PutAsync(20);
        await UntilAsync(() => Puts(disk) == 40);
        disk.SyncFailure = null;
        disk.FreeBytes = 0;
        await PutAsync(20);
        disk.FreeBytes = long.MaxValue;
        await PutAsync(20);
        await UntilAsync(() => Puts(disk) == 80);
        long last = Servers["m0"].Status.AppliedIndex;
        await StopAsync("m0");

        Log.MemoryDisk after = disk.Crash(static () => false);
        Assert.Equal(80, Puts(after));
        Directory.CreateDirectory(TrailOf("m0"));
        foreach (string name in after.List())
        {
            await File.WriteAllBytesAsync(Path.Combine(TrailOf("m0"), name), after.ReadAll(name), TestContext.Current.CancellationToken);
        }

        AuditVerification verified = AuditVerification.Of([TrailOf("m0")]);
        Assert.Empty(verified.Findings);
        Assert.Empty(verified.Missing);
        Assert.Equal(last, Assert.Single(verified.Trails).Last);
    }

    [Fact]
    public async Task Trails_that_differ_are_told_apart_and_fill_each_others_gaps()
    {
        (string Name, Uri Url)[] places = Places(1);
        await StartAsync("m0", places);
        await PutAsync(10);
        await StopAsync("m0");
        AuditVerification alone = AuditVerification.Of([TrailOf("m0")]);
        Assert.Empty(alone.Missing);
        string other = Path.Combine(DataDirectory, "other");
        Directory.CreateDirectory(other);
        List<AuditLine> lines = [.. AuditReader.Read(TrailOf("m0"))];
        using (var disk = new Log.RealDisk(other))
        using (AuditTrail trail = AuditTrail.Open(disk, alone.Cluster, "2", TimeProvider.System))
        {
            trail.Append(1, lines[1].Content, null);
            trail.AppendGap(4, "it was away");
            trail.Append(5, lines[5].Content.Replace("5", "6", StringComparison.Ordinal), null);
            trail.Sync();
        }

        AuditVerification both = AuditVerification.Of([TrailOf("m0"), other]);
        Assert.Contains("index", Assert.Single(both.Findings), StringComparison.Ordinal);
        Assert.Empty(both.Missing);
        Assert.Equal((2L, 4L), AuditVerification.Of([other]).Missing.Select(static gap => (gap.From, gap.Through)).First());
    }

    protected override ServerOptions Usual(ServerOptions options) => options with { AuditDirectory = TrailOf(options.Name), SnapshotCount = 20, StateHashInterval = TimeSpan.Zero };

    private static int Puts(Log.MemoryDisk disk) => disk.List().Sum(name => System.Text.Encoding.UTF8.GetString(disk.ReadAll(name)).Split("\"kind\":\"put\"").Length - 1);

    private string TrailOf(string name) => Path.Combine(DataDirectory, "audit-" + name);

    private async Task PutAsync(int times)
    {
        var kv = new KV.KVClient(ChannelTo("m0"));
        await Parallel.ForEachAsync(Enumerable.Range(0, times), new ParallelOptions { MaxDegreeOfParallelism = 64 }, async (i, cancellation) => await kv.PutAsync(new PutRequest { Key = B($"key{i % 3}"), Value = B("value") }, cancellationToken: cancellation));
    }
}
