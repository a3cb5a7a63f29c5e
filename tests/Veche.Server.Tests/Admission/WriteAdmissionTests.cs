using Veche.Server.Admission;

namespace Veche.Server.Tests.Admission;

public sealed class WriteAdmissionTests
{
    private const int DelayBoundMs = 1000;

    private readonly WriteAdmission _admission = new(DelayBoundMs);
    private readonly ClientShare _client = new();

    [Fact]
    public void There_is_room_before_anything_is_known_of_the_cluster()
    {
        Enter(_client, WriteAdmission.LeastRoom);

        Assert.False(_admission.TryEnter(_client, 1, 0));
        Assert.Equal(1, _admission.RefusedForRoom);
        Assert.Equal(WriteAdmission.LeastRoom, _admission.UnderWay);
    }

    [Fact]
    public void One_that_ends_makes_room_for_one()
    {
        Enter(_client, WriteAdmission.LeastRoom);
        _admission.Leave(_client, 1, isCompleted: false, 0, 0);

        Assert.True(_admission.TryEnter(_client, 1, 0));
        Assert.False(_admission.TryEnter(_client, 1, 0));
    }

    [Theory]
    [InlineData(10_000, 10_000)]
    [InlineData(100, WriteAdmission.LeastRoom)]
    public void As_many_are_let_in_as_are_completed_within_the_bound(int completedInASecond, int letIn)
    {
        Complete(completedInASecond, atMs: 500);

        Enter(_client, letIn, nowMs: 1100);

        Assert.Equal(letIn, _admission.Room);
        Assert.False(_admission.TryEnter(_client, 1, 1100));
    }

    [Fact]
    public void What_failed_says_nothing_about_how_fast_the_cluster_is()
    {
        for (int i = 0; i < 10_000; i++)
        {
            Assert.True(_admission.TryEnter(_client, 1, 500));
            _admission.Leave(_client, 1, isCompleted: false, 500, 500);
        }

        Enter(_client, WriteAdmission.LeastRoom, nowMs: 1100);

        Assert.False(_admission.TryEnter(_client, 1, 1100));
    }

    [Fact]
    public void A_while_without_a_leader_does_not_take_the_room_away_and_a_long_one_does()
    {
        Complete(10_000, atMs: 500);

        Enter(_client, 10_000, nowMs: 9_900);
        Assert.Equal(10_000, _admission.Room);

        Assert.False(_admission.TryEnter(_client, 1, 11_100));
        Assert.Equal(WriteAdmission.LeastRoom, _admission.Room);
    }

    [Fact]
    public void Where_all_wait_longer_than_the_bound_the_room_is_what_the_cluster_does_now()
    {
        Complete(100, atMs: 5_500, tookMs: 4_000);
        Complete(100, atMs: 6_500, tookMs: 4_000);

        Enter(_client, 100, nowMs: 7_100);
        Assert.Equal(100, _admission.Room);
        Assert.False(_admission.TryEnter(_client, 1, 7_100));
    }

    [Fact]
    public void There_is_always_room_for_some()
    {
        Complete(1, atMs: 5_500, tookMs: 4_000);
        Complete(1, atMs: 6_500, tookMs: 4_000);

        Enter(_client, WriteAdmission.LeastRoomBehind, nowMs: 7_100);
        Assert.False(_admission.TryEnter(_client, 1, 7_100));
    }

    [Fact]
    public void What_an_election_held_up_takes_no_room_away()
    {
        Complete(100, atMs: 5_500, tookMs: 2_000);
        Complete(1, atMs: 5_900, tookMs: 2);
        Complete(1, atMs: 6_500, tookMs: 2);

        Enter(_client, WriteAdmission.LeastRoom, nowMs: 7_100);
    }

    [Fact]
    public void Where_some_wait_it_takes_quick_ones_to_believe_that_nobody_does()
    {
        Complete(100, atMs: 5_500, tookMs: 4_000);
        Complete(100, atMs: 6_500, tookMs: DelayBoundMs * 9 / 10);
        Complete(100, atMs: 7_500, tookMs: 2);
        Enter(_client, 1, nowMs: 7_600);
        Assert.Equal(100, _admission.Room);

        Complete(100, atMs: 8_500, tookMs: 2);
        Enter(_client, 1, nowMs: 8_700);
        Assert.Equal(WriteAdmission.LeastRoom, _admission.Room);
    }

    [Fact]
    public void Where_room_is_short_nobody_takes_more_than_a_share()
    {
        var greedy = new ClientShare();
        Enter(greedy, WriteAdmission.LeastRoom / 2);
        Assert.True(_admission.TryEnter(_client, 1, 0));

        // Two clients: half of the room for each.
        Assert.False(_admission.TryEnter(greedy, 1, 0));
        Assert.Equal(1, _admission.RefusedForShare);
        Enter(_client, (WriteAdmission.LeastRoom / 2) - 1);
        Assert.False(_admission.TryEnter(_client, 1, 0));
    }

    [Fact]
    public void Who_comes_when_others_have_taken_all_finds_room_for_a_few()
    {
        Enter(_client, WriteAdmission.LeastRoom);
        var late = new ClientShare();
        Assert.False(_admission.RefusesAtOnce(late, 0));
        Enter(late, WriteAdmission.LeastShare);
        Assert.True(_admission.RefusesAtOnce(late, 0));
        Assert.False(_admission.TryEnter(late, 1, 0));

        // Half as many again are the most, by however many they come.
        for (int i = WriteAdmission.LeastShare; i < WriteAdmission.LeastRoom / 2; i++)
        {
            Assert.True(_admission.TryEnter(new ClientShare(), 1, 0));
        }

        Assert.True(_admission.RefusesAtOnce(new ClientShare(), 0));
        Assert.False(_admission.TryEnter(new ClientShare(), 1, 0));
    }

    [Fact]
    public void Shares_become_smaller_with_every_client_and_stay_above_the_least()
    {
        ClientShare[] crowd = [.. Enumerable.Range(0, 1000).Select(static _ => new ClientShare())];
        Enter(_client, (WriteAdmission.LeastRoom / 2) + 1);
        foreach (ClientShare one in crowd)
        {
            Assert.True(_admission.TryEnter(one, 1, 0));
        }

        Enter(crowd[0], WriteAdmission.LeastShare - 1);
        Assert.False(_admission.TryEnter(crowd[0], 1, 0));
        Assert.Equal(1001, _admission.Clients);
    }

    [Fact]
    public void A_client_counts_while_it_has_something_under_way()
    {
        Enter(_client, 2);
        _admission.Leave(_client, 1, isCompleted: true, 0, 0);
        Assert.Equal(1, _admission.Clients);

        _admission.Leave(_client, 1, isCompleted: true, 0, 0);
        Assert.Equal(0, _admission.Clients);
        Assert.Equal(0, _admission.UnderWay);
    }

    [Fact]
    public void What_would_be_refused_is_refused_at_once()
    {
        Enter(_client, WriteAdmission.LeastRoom / 2);
        Assert.True(_admission.TryEnter(new ClientShare(), 1, 0));
        Assert.True(_admission.RefusesAtOnce(_client, 0));
        Assert.Equal(1, _admission.RefusedForShare);
        Assert.False(_admission.RefusesAtOnce(new ClientShare(), 0));

        ClientShare third = new();
        Enter(third, WriteAdmission.LeastShare);
        Assert.False(_admission.RefusesAtOnce(third, 0));
        Assert.Equal((WriteAdmission.LeastRoom / 2) + 1 + WriteAdmission.LeastShare, _admission.UnderWay);
        Assert.False(new WriteAdmission(0).RefusesAtOnce(_client, 0));
    }

    [Fact]
    public void Large_requests_take_room_by_their_bytes()
    {
        Assert.True(_admission.TryEnter(_client, WriteAdmission.MostBytes, 0));
        Assert.False(_admission.TryEnter(new ClientShare(), 1, 0));

        _admission.Leave(_client, WriteAdmission.MostBytes, isCompleted: true, 0, 0);
        Assert.True(_admission.TryEnter(_client, WriteAdmission.MostBytes * 2, 0));
    }

    [Fact]
    public void Without_a_bound_nothing_is_refused()
    {
        var admission = new WriteAdmission(0);
        for (int i = 0; i < 100_000; i++)
        {
            Assert.True(admission.TryEnter(_client, 1 << 20, 0));
        }
    }

    private void Enter(ClientShare client, int count, long nowMs = 0)
    {
        for (int i = 0; i < count; i++)
        {
            Assert.True(_admission.TryEnter(client, 1, nowMs), $"number {i + 1} of {count}");
        }
    }

    private void Complete(int count, long atMs, long tookMs = 0)
    {
        for (int i = 0; i < count; i++)
        {
            Assert.True(_admission.TryEnter(_client, 1, atMs));
            _admission.Leave(_client, 1, isCompleted: true, atMs - tookMs, atMs);
        }
    }
}
