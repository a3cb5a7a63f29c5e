namespace Veche.Client.Tests;

/// <summary>What is said beside requests and replies.</summary>
public sealed class MetadataTests
{
    [Fact]
    public async Task Concerns_and_tokens_are_sent_and_read()
    {
        await using FakeMember member = await FakeMember.StartAsync();
        member.Next.Enqueue(static context =>
        {
            context.ResponseTrailers.Add("veche-reached", "majority");
            context.ResponseTrailers.Add("veche-token", "t7");
            context.ResponseTrailers.Add("veche-age-ms", "12");
            context.ResponseTrailers.Add("veche-warning", "no quorum");
            return Task.CompletedTask;
        });
        await using var client = new VecheClient(new VecheClientOptions { Endpoints = [member.Address], Defaults = new CallSettings { ReadConcern = ReadConcern.Session } });
        PutResult put = await client.PutAsync("a", "1", settings: new CallSettings { WriteConcern = WriteConcern.Any(2, "m1", "m2", "m3").Applied, WriteTimeout = TimeSpan.FromSeconds(1) });
        Assert.Equal(new ReplyInfo(7, "majority", "t7", TimeSpan.FromMilliseconds(12), "no quorum"), put.Info);
        Assert.Equal(("any:2(m1,m2,m3)+applied", "1000"), (member.Calls[0]["veche-write-concern"], member.Calls[0]["veche-write-timeout-ms"]));

        // A read of the session shows at least what was written.
        await client.GetAsync("a");
        Assert.Equal(("session", "t7"), (member.Calls[1]["veche-read-concern"], member.Calls[1]["veche-after"]));
        await client.GetAsync("a", new CallSettings { ReadConcern = ReadConcern.Bounded(revisions: 5, age: TimeSpan.FromSeconds(2)) });
        Assert.Equal("bounded:revisions=5,ms=2000", member.Calls[2]["veche-read-concern"]);
        Assert.False(member.Calls[2].ContainsKey("veche-after"));
    }

    [Fact]
    public async Task Who_asks_for_nothing_says_nothing()
    {
        await using FakeMember member = await FakeMember.StartAsync();
        await using var client = new VecheClient(member.Address);
        await client.PutAsync("a", "1");
        Assert.DoesNotContain(member.Calls[0].Keys, static name => name.StartsWith("veche-", StringComparison.Ordinal));
    }

    [Fact]
    public void Settings_that_make_no_sense_are_refused()
    {
        Assert.Throws<ArgumentException>(static () => new VecheClient());
        Assert.Throws<ArgumentException>(static () => new VecheClient("127.0.0.1:2379"));
        Assert.Throws<ArgumentException>(static () => ReadConcern.Bounded());
        Assert.ThrowsAny<ArgumentException>(static () => WriteConcern.Any(3, "m1", "m2"));
        Assert.ThrowsAny<ArgumentException>(static () => WriteConcern.Members(0));
    }
}
