using Google.Protobuf;
using Veche.Api.Commands;
using Veche.Store.Integrity;

namespace Veche.Store.Tests.Integrity;

/// <summary>What a member learns from everybody's hashes.</summary>
public sealed class StateVoteTests
{
    private const ulong Self = 1;
    private const ulong State = 77;

    private static readonly ulong[] Three = [1, 2, 3];

    private readonly StateVote _vote = new(Self, State);

    [Fact]
    public void The_odd_one_out_is_ill_whoever_it_is()
    {
        _vote.Opened(10, ByteString.Empty);
        Assert.Null(_vote.Reported(Report(2, 10, 5), Three));
        Assert.Null(_vote.Reported(Report(1, 10, 6), Three));
        Assert.Equal(StateVerdict.Differs, _vote.Reported(Report(3, 10, 5), Three)!.Verdict);
    }

    [Fact]
    public void Who_agrees_with_a_majority_is_well_and_another_ones_illness_is_not_its_own()
    {
        _vote.Opened(10, ByteString.Empty);
        Assert.Null(_vote.Reported(Report(1, 10, 5), Three));
        Assert.Equal(StateVerdict.Agrees, _vote.Reported(Report(2, 10, 5), Three)!.Verdict);
        Assert.Equal(StateVerdict.Agrees, _vote.Reported(Report(3, 10, 9), Three)!.Verdict);
    }

    [Fact]
    public void Hashes_of_different_places_are_not_compared()
    {
        _vote.Opened(10, ByteString.Empty);
        _vote.Opened(20, ByteString.Empty);
        Assert.Null(_vote.Reported(Report(1, 10, 5), Three));
        Assert.Null(_vote.Reported(Report(2, 20, 6), Three));
        Assert.Null(_vote.Reported(Report(3, 20, 6), Three));
        Assert.Equal(StateVerdict.Agrees, _vote.Reported(Report(2, 10, 5), Three)!.Verdict);
    }

    [Fact]
    public void Without_a_majority_nobody_is_ill_and_it_is_said_once()
    {
        _vote.Opened(10, ByteString.Empty);
        Assert.Null(_vote.Reported(Report(1, 10, 5), Three));
        Assert.Null(_vote.Reported(Report(2, 10, 6), Three));

        // The third may be down: at the next check it is too late to wait for it.
        Assert.Equal(StateVerdict.Undecided, Assert.Single(_vote.Opened(20, ByteString.Empty)).Verdict);
        Assert.Empty(_vote.Opened(30, ByteString.Empty));

        // And still it may come, and decide.
        Assert.Equal(StateVerdict.Differs, _vote.Reported(Report(3, 10, 6), Three)!.Verdict);
    }

    [Fact]
    public void All_different_is_undecided_at_once()
    {
        _vote.Opened(10, ByteString.Empty);
        Assert.Null(_vote.Reported(Report(1, 10, 5), Three));
        Assert.Null(_vote.Reported(Report(2, 10, 6), Three));
        Assert.Equal(StateVerdict.Undecided, _vote.Reported(Report(3, 10, 7), Three)!.Verdict);
    }

    [Fact]
    public void A_majority_is_one_of_all_voters_and_not_of_those_who_spoke()
    {
        ulong[] five = [1, 2, 3, 4, 5];
        _vote.Opened(10, ByteString.Empty);
        Assert.Null(_vote.Reported(Report(1, 10, 5), five));
        Assert.Null(_vote.Reported(Report(2, 10, 6), five));
        Assert.Null(_vote.Reported(Report(3, 10, 6), five));
        Assert.Null(_vote.Reported(Report(6, 10, 6), five));
        Assert.Equal(StateVerdict.Differs, _vote.Reported(Report(4, 10, 6), five)!.Verdict);
    }

    [Fact]
    public void Other_formats_are_not_compared()
    {
        _vote.Opened(10, ByteString.Empty);
        Assert.Null(_vote.Reported(Report(1, 10, 5, format: 1), Three));
        Assert.Null(_vote.Reported(Report(2, 10, 6, format: 2), Three));
        Assert.NotEqual(StateVerdict.Differs, _vote.Reported(Report(3, 10, 6, format: 2), Three)?.Verdict);
    }

    [Fact]
    public void What_was_done_counts_only_where_it_is_known_since_the_same_place()
    {
        _vote.Opened(10, ByteString.Empty);
        _vote.Reported(Report(1, 10, 5, applied: 0, since: 0), Three);
        _vote.Reported(Report(2, 10, 5, applied: 8, since: 4), Three);
        Assert.Equal(StateVerdict.Agrees, _vote.Reported(Report(3, 10, 5, applied: 8, since: 4), Three)!.Verdict);
        _vote.Opened(20, ByteString.Empty);
        _vote.Reported(Report(1, 20, 5, applied: 7, since: 10), Three);
        _vote.Reported(Report(2, 20, 5, applied: 8, since: 10), Three);
        Assert.Equal(StateVerdict.Differs, _vote.Reported(Report(3, 20, 5, applied: 8, since: 10), Three)!.Verdict);
    }

    [Fact]
    public void What_it_said_of_an_earlier_state_is_forgotten()
    {
        _vote.Opened(10, ByteString.Empty);
        _vote.Reported(Report(1, 10, 6), Three);
        _vote.Renew(State + 1);
        _vote.Reported(Report(2, 10, 5), Three);
        Assert.Null(_vote.Reported(Report(3, 10, 5), Three));
        Assert.Null(_vote.Reported(Report(1, 10, 6), Three));
        Assert.Equal(StateVerdict.Agrees, _vote.Reported(Report(1, 10, 5, state: State + 1), Three)!.Verdict);
    }

    [Fact]
    public void The_next_check_goes_on_only_behind_what_was_decided()
    {
        _vote.Opened(10, ByteString.Empty);
        _vote.Reported(Report(1, 10, 5, next: "k"), Three);
        Assert.True(_vote.Next.IsEmpty);
        _vote.Reported(Report(2, 10, 5, next: "k"), Three);
        Assert.Equal("k", _vote.Next.ToStringUtf8());
        _vote.Opened(20, _vote.Next);
        _vote.Reported(Report(1, 20, 5, next: "x"), Three);
        _vote.Reported(Report(2, 20, 6, next: "x"), Three);
        Assert.Equal("k", _vote.Next.ToStringUtf8());
    }

    private static StateHash.Types.Report Report(ulong member, long index, ulong stored, uint format = 1, ulong applied = 0, long since = 0, string next = "", ulong state = State) =>
        new() { Member = member, Index = index, Stored = stored, Format = format, Applied = applied, AppliedSince = since, Next = ByteString.CopyFromUtf8(next), State = state };
}
