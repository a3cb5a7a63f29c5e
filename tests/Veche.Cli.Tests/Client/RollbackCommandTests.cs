using Veche.Cli.Rollbacks;
using Veche.Server;
using Veche.Server.Semantics;

namespace Veche.Cli.Tests.Client;

/// <summary>Rollback files, looked at and written again, against a member in this process.</summary>
public sealed class RollbackCommandTests : IAsyncLifetime
{
    private readonly string _directory = Directory.CreateTempSubdirectory("veche-rollback-").FullName;
    private VecheServer _server = null!;

    private string File => Path.Combine(_directory, "rollback", "20261127T010203000Z-term3-index10.jsonl");

    public async ValueTask InitializeAsync()
    {
        _server = await Run.MemberAsync();
        Directory.CreateDirectory(Path.GetDirectoryName(File)!);
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task Files_are_listed_and_shown()
    {
        Write(Record(10, "a", "one"), Record(11, "b", "two") with { Acknowledged = "unknown", Concern = "leader+fsync" });
        string list = (await Run.CommandAsync("rollback", "list", "--data-dir", _directory)).Output;
        Assert.Contains(File, list, StringComparison.Ordinal);
        string show = (await Run.CommandAsync("rollback", "show", File)).Output;
        Assert.Contains("leader+fsync", show, StringComparison.Ordinal);
        Assert.Contains("two", show, StringComparison.Ordinal);
        Assert.Equal("nothing has been rolled back in nowhere/rollback\n", (await Run.CommandAsync("rollback", "list", "--data-dir", "nowhere")).Output);
        Ended missing = await Run.CommandAsync("rollback", "show", Path.Combine(_directory, "missing.jsonl"));
        Assert.Equal(1, missing.Code);
        Assert.StartsWith("veche: ", missing.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Each_key_gets_its_last_state_where_nobody_has_written_since()
    {
        await VecheAsync("put", "b", "0");
        await VecheAsync("put", "c", "0");
        await VecheAsync("put", "b", "newer");
        Write(
            Record(10, "a", "one"),
            Record(11, "a", "two"),
            Record(12, "b", "lost") with { ModRevision = 2 },
            Record(13, "c", "again") with { ModRevision = 3 },
            Record(14, "d", "never said") with { Acknowledged = "no" });
        Ended dry = await VecheAsync("rollback", "reapply", File, "--dry-run");
        Assert.Equal((0, "put a: would be written\nput b: would be written\nput c: would be written\n"), (dry.Code, dry.Output));
        Ended ended = await VecheAsync("rollback", "reapply", File);
        Assert.Equal((1, "put a: written\nput b: left alone: somebody has written it since; --force writes it all the same\nput c: written\n"), (ended.Code, ended.Output));
        Assert.Equal("a\ntwo\nb\nnewer\nc\nagain\n", (await VecheAsync("get", "", "--prefix")).Output);
        Assert.Equal(0, (await VecheAsync("rollback", "reapply", File, "--force", "--all")).Code);
        Assert.Equal("a\ntwo\nb\nlost\nc\nagain\nd\nnever said\n", (await VecheAsync("get", "", "--prefix")).Output);
    }

    [Fact]
    public void What_cannot_be_written_again_is_told()
    {
        IReadOnlyList<Reapplication> plan = Reapplication.Plan(
            [
                Record(10, "a", "x") with { Lease = 7 },
                Record(11, "a", null) with { Kind = "delete_range", RangeEnd = "b" },
                Record(12, null, null) with { Kind = "txn", CommandBase64 = [1] },
                Record(13, "b", null) with { Kind = "delete_range" },
            ],
            all: false);
        Assert.Equal([true, true, true, false], plan.Select(static step => step.WhyNot is not null));
        Assert.Equal("index 12", plan[2].Shown);
        Assert.NotNull(plan[3].ToRequest(force: false).Success[0].RequestDeleteRange);
    }

    private static RollbackRecord Record(long index, string? key, string? value) => new()
    {
        Index = index,
        Term = 3,
        Time = DateTimeOffset.UnixEpoch,
        Origin = "1",
        Concern = "leader",
        Acknowledged = "yes",
        Lost = "yes",
        Cause = "conflict",
        Kind = "put",
        Key = key,
        Value = value,
        ModRevision = 0,
    };

    private void Write(params RollbackRecord[] records) => System.IO.File.WriteAllLines(File, records.Select(static record => record.ToLine()));

    private Task<Ended> VecheAsync(params string[] args) => Run.CommandAsync([.. args, "--endpoints", _server.ClientAddresses[0]]);
}
