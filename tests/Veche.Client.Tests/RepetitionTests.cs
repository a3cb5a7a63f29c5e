using Grpc.Core;

namespace Veche.Client.Tests;

/// <summary>What is repeated, where, and how often; what is not.</summary>
public sealed class RepetitionTests : IAsyncLifetime
{
    private const string TimedOut = "etcdserver: request timed out";
    private FakeMember _one = null!;
    private FakeMember _two = null!;

    public async ValueTask InitializeAsync()
    {
        _one = await FakeMember.StartAsync();
        _two = await FakeMember.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _one.DisposeAsync();
        await _two.DisposeAsync();
    }

    [Fact]
    public async Task A_write_whose_outcome_is_unknown_is_not_repeated()
    {
        _one.Next.Enqueue(static context =>
        {
            context.ResponseTrailers.Add("veche-outcome", "ask-me");
            throw new RpcException(new Status(StatusCode.Unavailable, TimedOut));
        });
        await using var client = new VecheClient(Settings);
        VecheOutcomeUnknownException unknown = await Assert.ThrowsAsync<VecheOutcomeUnknownException>(() => client.PutAsync("a", "1"));
        Assert.Equal("ask-me", unknown.OutcomeToken);
        Assert.Equal((1, 0), (_one.Calls.Count, _two.Calls.Count));
    }

    [Fact]
    public async Task A_write_that_was_not_begun_goes_to_another_member()
    {
        _one.Next.Enqueue(FakeMember.Fails(StatusCode.Unavailable, "etcdserver: no leader"));
        await using var client = new VecheClient(Settings);
        Assert.Equal(7, (await client.PutAsync("a", "1")).Info.Revision);
        Assert.Equal((1, 1), (_one.Calls.Count, _two.Calls.Count));
    }

    [Fact]
    public async Task A_write_to_a_member_that_is_not_there_goes_to_another()
    {
        VecheClientOptions settings = Settings;
        await _one.DisposeAsync();
        await using var client = new VecheClient(settings);
        await client.PutAsync("a", "1");
        Assert.Single(_two.Calls);
        _one = await FakeMember.StartAsync();
    }

    [Fact]
    public async Task A_read_is_repeated_elsewhere()
    {
        _one.Next.Enqueue(FakeMember.Fails(StatusCode.Unavailable, TimedOut));
        await using var client = new VecheClient(Settings);
        Assert.Null(await client.GetAsync("a"));
        Assert.Equal((1, 1), (_one.Calls.Count, _two.Calls.Count));
    }

    [Fact]
    public async Task A_read_of_a_member_that_hangs_is_asked_of_another()
    {
        _one.Next.Enqueue(static context => Task.Delay(Timeout.Infinite, context.CancellationToken));
        await using var client = new VecheClient(Settings with { AttemptTimeout = TimeSpan.FromMilliseconds(200) });
        Assert.Null(await client.GetAsync("a"));
        Assert.Single(_two.Calls);
    }

    [Fact]
    public async Task A_write_in_a_session_is_repeated_under_its_number()
    {
        _one.Next.Enqueue(FakeMember.Fails(StatusCode.Unavailable, TimedOut));
        await using var client = new VecheClient(Settings);
        CallSettings inSession = InSession(client);
        await client.PutAsync("a", "1", settings: inSession);
        await client.PutAsync("a", "2", settings: inSession);
        string[] numbers = [.. _one.Calls.Concat(_two.Calls).Select(static call => call["veche-session"] + " " + call["veche-sequence"])];
        Assert.Equal(["ab12 1", "ab12 1", "ab12 2"], numbers.Order());
    }

    [Fact]
    public async Task A_write_in_a_session_that_nobody_answered_may_have_been_done()
    {
        _one.Next.Enqueue(FakeMember.Fails(StatusCode.Unavailable, TimedOut));
        _two.Next.Enqueue(FakeMember.Fails(StatusCode.Unavailable, "etcdserver: no leader"));
        await using var client = new VecheClient(Settings with { RetryBudget = 1 });
        VecheOutcomeUnknownException unknown = await Assert.ThrowsAsync<VecheOutcomeUnknownException>(() => client.PutAsync("a", "1", settings: InSession(client)));
        Assert.Equal(("s1-ab12-1", 1, 1), (unknown.OutcomeToken, _one.Calls.Count, _two.Calls.Count));
    }

    [Theory]
    [InlineData(StatusCode.PermissionDenied, "etcdserver: permission denied", true)]
    [InlineData(StatusCode.ResourceExhausted, "etcdserver: mvcc: database space exceeded", true)]
    [InlineData(StatusCode.FailedPrecondition, "veche: the session is unknown or was evicted", true)]
    [InlineData(StatusCode.NotFound, "etcdserver: requested lease not found", false)]
    public async Task A_refusal_in_a_session_after_an_attempt_without_an_answer_is_taken_for_what_it_says(StatusCode code, string text, bool leavesItOpen)
    {
        _one.Next.Enqueue(FakeMember.Fails(StatusCode.Unavailable, TimedOut));
        _two.Next.Enqueue(FakeMember.Fails(code, text));
        _two.Next.Enqueue(FakeMember.Fails(code, text));
        await using var client = new VecheClient(Settings);
        CallSettings inSession = InSession(client);
        VecheException open = await Assert.ThrowsAnyAsync<VecheException>(() => client.PutAsync("a", "1", settings: inSession));
        Assert.Equal(leavesItOpen, open is VecheOutcomeUnknownException { OutcomeToken: "s1-ab12-1" });
        VecheRefusedException refused = await Assert.ThrowsAsync<VecheRefusedException>(() => client.PutAsync("a", "2", settings: inSession));
        Assert.Equal((code, text), (refused.Code, refused.Message));
    }

    [Fact]
    public void Members_that_have_forgotten_say_so_in_words_that_are_known() => Assert.All(
        (Store.StoreError[])[Store.Sessions.SessionErrors.Unknown, Store.Sessions.SessionErrors.TooOld],
        static error => Assert.Contains(Transport.CallFailure.Forgotten, text => error.Message.StartsWith(text, StringComparison.Ordinal)));

    [Fact]
    public async Task A_write_that_nobody_could_begin_was_not_done()
    {
        _one.Next.Enqueue(FakeMember.Fails(StatusCode.Unavailable, "etcdserver: no leader"));
        _two.Next.Enqueue(FakeMember.Fails(StatusCode.Unavailable, "etcdserver: no leader"));
        await using var client = new VecheClient(Settings with { RetryBudget = 1 });
        await Assert.ThrowsAsync<VecheUnavailableException>(() => client.PutAsync("a", "1", settings: InSession(client)));
    }

    [Fact]
    public async Task A_refusal_is_told_and_not_repeated()
    {
        _one.Next.Enqueue(FakeMember.Fails(StatusCode.InvalidArgument, "etcdserver: key is not provided"));
        await using var client = new VecheClient(Settings);
        VecheRefusedException refused = await Assert.ThrowsAsync<VecheRefusedException>(() => client.GetAsync("a"));
        Assert.Equal((StatusCode.InvalidArgument, "etcdserver: key is not provided", 0), (refused.Code, refused.Message, _two.Calls.Count));
    }

    [Fact]
    public async Task Repetitions_end_with_the_budget()
    {
        for (int i = 0; i < 20; i++)
        {
            _one.Next.Enqueue(FakeMember.Fails(StatusCode.Unavailable, TimedOut));
            _two.Next.Enqueue(FakeMember.Fails(StatusCode.Unavailable, TimedOut));
        }

        await using var client = new VecheClient(Settings with { RetryBudget = 3, BreakMinimumCalls = 1000 });
        await Assert.ThrowsAsync<VecheUnavailableException>(() => client.GetAsync("a"));
        Assert.Equal(4, _one.Calls.Count + _two.Calls.Count);
        await Assert.ThrowsAsync<VecheUnavailableException>(() => client.GetAsync("a"));
        Assert.Equal(5, _one.Calls.Count + _two.Calls.Count);
    }

    [Fact]
    public async Task A_member_that_fails_is_left_alone()
    {
        for (int i = 0; i < 50; i++)
        {
            _one.Next.Enqueue(FakeMember.Fails(StatusCode.Unavailable, TimedOut));
        }

        // The only member there is: nobody else is asked, so what it was asked shows when it was left alone.
        await using var client = new VecheClient(Settings with { Endpoints = [_one.Address], BreakMinimumCalls = 2, BreakDuration = TimeSpan.FromMinutes(5), RetryBudget = 10 });
        await Assert.ThrowsAsync<VecheUnavailableException>(() => client.GetAsync("a"));
        Assert.Equal(2, _one.Calls.Count);
        await Assert.ThrowsAsync<VecheUnavailableException>(() => client.GetAsync("a"));
        Assert.Equal(2, _one.Calls.Count);
    }

    [Fact]
    public async Task Every_call_has_a_deadline()
    {
        await using var client = new VecheClient(Settings);
        await client.PutAsync("a", "1");
        await client.GetAsync("a");
        Assert.Equal(2, _one.Deadlines.Count);
        Assert.All(_one.Deadlines, static deadline => Assert.NotEqual(DateTime.MaxValue, deadline));
    }

    private static CallSettings InSession(VecheClient client) => new() { Session = new ClientSession(client, "ab12", 4) };

    private VecheClientOptions Settings => new()
    {
        Endpoints = [_one.Address, _two.Address],
        RetryDelay = TimeSpan.FromMilliseconds(1),
        MaxRetryDelay = TimeSpan.FromMilliseconds(5),
        Timeout = TimeSpan.FromSeconds(20),
        PreferLeader = false,
    };
}
