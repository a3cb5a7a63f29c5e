using Google.Protobuf;
using Veche.Api.Commands;
using Veche.Store.Integrity;

namespace Veche.Store.Tests.Integrity;

/// <summary>What a member does about a state that is not to be trusted, step by step.</summary>
public sealed class StateQuarantineTests
{
    private const ulong Self = 1;
    private const long Second = 1_000_000_000;
    private const long Interval = 10 * Second;

    private static readonly ulong[] Three = [1, 2, 3];

    private readonly StateQuarantine _quarantine = new(Self, state: 70, Interval, maxCheckBytes: 1000);

    [Fact]
    public void A_leader_asks_for_checks_at_its_interval_and_nobody_else_does()
    {
        Assert.Empty(Due(0));
        Assert.Empty(Due(Interval - 1));
        Assert.Equal(1000, Assert.Single(Due(Interval)).Command.Check.MaxBytes);
        Assert.Empty(Due(Interval + 1));
        Assert.Empty(Due(2 * Interval, leads: false));
        Assert.Single(Due(3 * Interval));
        Assert.Equal(4 * Interval, _quarantine.NextNs);
    }

    [Fact]
    public void What_is_distrusted_is_served_again_only_once_it_was_replaced_compared_and_the_alarm_lifted()
    {
        Assert.True(Enter(0));
        Assert.Equal(("odd", QuarantinePhase.Replacing), (_quarantine.Reason, _quarantine.Phase));
        QuarantineProposal raise = Assert.Single(Due(0));
        Assert.Equal((Self, false), (raise.Command.Quarantine.Member, raise.Command.Quarantine.Lifted));
        Assert.False(_quarantine.Ended(raise, isApplied: true, 0));
        _quarantine.Replaced(50, Second);
        Assert.Equal(ByteString.CopyFromUtf8("k"), Assert.Single(Due(Second)).Command.Check.From);
        Agree(60, "k", Second);
        QuarantineProposal lift = Assert.Single(Due(Second));
        Assert.True(lift.Command.Quarantine.Lifted);
        Assert.NotNull(_quarantine.Reason);
        Assert.True(_quarantine.Ended(lift, isApplied: true, Second));
        Assert.Equal((null, QuarantinePhase.None), (_quarantine.Reason, _quarantine.Phase));
    }

    [Fact]
    public void What_agrees_elsewhere_or_before_the_state_came_verifies_nothing()
    {
        Enter(0);
        _quarantine.Replaced(50, 0);
        Raised();
        Agree(50, "k", 0);
        Agree(60, "other", 0);
        Assert.Equal(QuarantinePhase.Verifying, _quarantine.Phase);

        // A check that nothing came of is asked for again.
        Assert.Empty(Due(StateQuarantine.VerifyAgainAfterNs - 1));
        Assert.NotNull(Assert.Single(Due(StateQuarantine.VerifyAgainAfterNs)).Command.Check);
    }

    [Fact]
    public void The_alarm_is_lifted_only_after_it_was_raised()
    {
        Enter(0);
        QuarantineProposal raise = Assert.Single(Due(0));
        _quarantine.Replaced(50, 0);
        Due(0);
        Agree(60, "k", 0);
        Assert.Empty(Due(0));
        _quarantine.Ended(raise, isApplied: false, 0);
        Assert.Empty(Due(StateQuarantine.RetryAfterNs - 1));
        raise = Assert.Single(Due(StateQuarantine.RetryAfterNs));
        Assert.False(raise.Command.Quarantine.Lifted);
        _quarantine.Ended(raise, isApplied: true, Second);
        Assert.True(Assert.Single(Due(Second)).Command.Quarantine.Lifted);
    }

    [Fact]
    public void An_alarm_that_comes_late_is_lifted_too()
    {
        _quarantine.Hear(new StateHash { Quarantine = new StateHash.Types.Quarantine { Member = Self } }, 9, Three, leads: false, 0);
        Assert.True(Assert.Single(Due(0)).Command.Quarantine.Lifted);
        Assert.Null(_quarantine.Reason);
    }

    [Fact]
    public void A_new_state_that_is_wrong_too_is_replaced_again_and_what_was_proposed_before_counts_no_more()
    {
        Enter(0);
        QuarantineProposal raise = Assert.Single(Due(0));
        Assert.False(Enter(0));
        _quarantine.Replaced(50, 0);
        Assert.True(Enter(0));
        Assert.Equal(QuarantinePhase.Replacing, _quarantine.Phase);
        Assert.False(_quarantine.Ended(raise, isApplied: true, 0));
        Assert.False(Assert.Single(Due(0)).Command.Quarantine.Lifted);
    }

    [Fact]
    public void The_odd_one_out_learns_it_and_a_state_that_was_replaced_meanwhile_is_not_meant()
    {
        Assert.Equal(StateVerdict.Differs, Assert.Single(Reports(20, "", 5, 6, 6)).Verdict);
        _quarantine.Renew(71);
        Assert.Empty(Reports(30, "", 5, 6, 6, state: 70));
        Assert.Single(Reports(40, "", 5, 6, 6, state: 71));
    }

    [Fact]
    public void That_nobody_knows_who_is_right_is_said_by_the_leader_once()
    {
        Due(0);
        Reports(20, "", 5, 6, 7, leads: true);
        Assert.Equal(0UL, Assert.Single(Due(0)).Command.Quarantine.Member);
        Assert.Empty(Due(0));
    }

    private bool Enter(long nowNs) => _quarantine.Enter("odd", ByteString.CopyFromUtf8("k"), _quarantine.State + 1, nowNs);

    private void Raised() => Due(0).ForEach(proposal => _quarantine.Ended(proposal, isApplied: true, 0));

    private void Agree(long index, string from, long nowNs) => Reports(index, from, 5, 5, 5, nowNs: nowNs, state: _quarantine.State);

    private List<StateFinding> Reports(long index, string from, ulong mine, ulong second, ulong third, bool leads = false, long nowNs = 0, ulong state = 70)
    {
        List<StateFinding> findings = [.. _quarantine.Hear(new StateHash { Check = new StateHash.Types.Check { From = ByteString.CopyFromUtf8(from) } }, index, Three, leads, nowNs)];
        foreach ((ulong member, ulong stored) in new[] { (Self, mine), (2UL, second), (3UL, third) })
        {
            findings.AddRange(_quarantine.Hear(new StateHash { Report = new StateHash.Types.Report { Member = member, State = state, Index = index, Format = 1, Stored = stored } }, index + (long)member, Three, leads, nowNs));
        }

        return findings;
    }

    private List<QuarantineProposal> Due(long nowNs, bool leads = true)
    {
        List<QuarantineProposal> due = [];
        _quarantine.TakeDue(nowNs, leads, due);
        return due;
    }
}
