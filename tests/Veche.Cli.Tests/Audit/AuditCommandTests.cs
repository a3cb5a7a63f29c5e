using Veche.Cli.Tests.Client;
using Veche.Server;
using Veche.Server.Options;

namespace Veche.Cli.Tests.Audit;

/// <summary><c>veche audit</c> on what a member has written.</summary>
public sealed class AuditCommandTests : IAsyncLifetime
{
    private readonly string _directory = Directory.CreateTempSubdirectory("veche-audit-").FullName;

    private string Trail => Path.Combine(_directory, "trail");

    public async ValueTask InitializeAsync()
    {
        await using VecheServer server = await Run.MemberAsync(options => options with { Memory = false, DataDirectory = Path.Combine(_directory, "data"), AuditDirectory = Trail });
        foreach (string[] command in (string[][])[["put", "a/1", "secret"], ["put", "b/1", "secret"], ["del", "a", "b"], ["put", "c", "x", "--lease", "77"]])
        {
            await Run.CommandAsync([.. command, "--endpoints", server.ClientAddresses[0]]);
        }
    }

    public ValueTask DisposeAsync()
    {
        Directory.Delete(_directory, recursive: true);
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task What_was_done_is_shown()
    {
        Ended shown = await Run.CommandAsync("audit", "show", Trail);
        Assert.Equal(0, shown.Code);
        Assert.Contains("key a/1, bytes 6", shown.Output, StringComparison.Ordinal);
        Assert.Contains("refused: etcdserver: requested lease not found", shown.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", shown.Output, StringComparison.Ordinal);
        string of = (await Run.CommandAsync("audit", "show", Trail, "--key", "a/", "-o", "json")).Output;
        Assert.Equal(2, of.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.Contains("\"range_end\":\"b\"", of, StringComparison.Ordinal);
        Assert.Single((await Run.CommandAsync("audit", "show", Trail, "--limit", "1", "-o", "json")).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.DoesNotContain("a/1", (await Run.CommandAsync("audit", "show", Trail, "--user", "ann")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_whole_trail_is_told_from_a_damaged_one_and_from_none()
    {
        Ended whole = await Run.CommandAsync("audit", "verify", Trail);
        Assert.Equal(0, whole.Code);
        Assert.Contains("whole: nothing was changed or left out, and no entry is missing from 1 to ", whole.Output, StringComparison.Ordinal);
        string file = Directory.EnumerateFiles(Trail, "audit-*").Single();
        await File.WriteAllTextAsync(file, (await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken)).Replace("a/1", "a/2", StringComparison.Ordinal), TestContext.Current.CancellationToken);
        Ended damaged = await Run.CommandAsync("audit", "verify", Trail);
        Assert.Equal(1, damaged.Code);
        Assert.Contains("its hash is wrong", damaged.Output, StringComparison.Ordinal);
        Assert.Contains("\"isWhole\":false", (await Run.CommandAsync("audit", "verify", Trail, "-o", "json")).Output, StringComparison.Ordinal);
        Assert.Equal(1, (await Run.CommandAsync("audit", "show", Trail)).Code);
        Ended none = await Run.CommandAsync("audit", "verify", Path.Combine(_directory, "data"));
        Assert.Equal(3, none.Code);
        Assert.Contains("there is no audit trail in", none.Error, StringComparison.Ordinal);
        Assert.NotEqual(0, (await Run.CommandAsync("audit", "verify")).Code);
    }

    [Theory]
    [InlineData("--memory", "needs a member that keeps its log")]
    [InlineData("--witness", "is for members with data")]
    public void Members_that_cannot_keep_one_are_refused(string flag, string reason) =>
        Assert.Contains(reason, Assert.Throws<OptionException>(() => ServerOptionsParser.Parse([flag, "--veche-audit-dir", Trail], _ => null)).Message, StringComparison.Ordinal);
}
