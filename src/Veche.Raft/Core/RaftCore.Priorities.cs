namespace Veche.Raft;

/// <summary>Who should rather lead. A priority decides who takes over from a leader that works, and never who wins an election: there the log decides.</summary>
public sealed partial class RaftCore
{
    /// <summary>How many looks are let pass after one at which leadership was offered: the offer stops proposals for up to an election timeout when it is not taken.</summary>
    private const int LooksBetweenOffers = 10;

    /// <summary>More than an ill member that may lead sits out, so that one is not taken for a member that cannot know that it may.</summary>
    private const int TimeoutsBeforeAsking = TimeoutsToSitOut + 2;

    private int _timeoutsUnled;

    /// <summary>Whether this is a voter with data that keeps out of elections only because it is not to lead.</summary>
    private bool IsNotToLead => !IsRecovering && !_options.IsWitness && Configuration.IsVoter(Id) && !MayCampaign;

    private bool MayLead(Configuration configuration) => !_options.IsWitness && configuration.IsVoter(Id) && configuration.PriorityOf(Id) > 0;

    /// <summary>
    /// Called once in an election timeout, with what has been seen in it. Hands over to the voter with the highest priority above this leader's own, if it has answered
    /// in this time and holds durably all that the log held at the last look: so it has been here and caught up for an election timeout.
    /// </summary>
    private void GiveWayToHigherPriority(LeaderState leader)
    {
        long heldAtLastLook = leader.LastIndexAtLook;
        leader.LastIndexAtLook = LastPosition.Index;
        if (leader.LooksToPass > 0)
        {
            leader.LooksToPass--;
            return;
        }

        bool isSettled = leader.TransferTarget.IsNone && !Configuration.IsJoint && ConfigurationIndex <= CommitIndex && CommitIndex >= leader.TermStartIndex;
        if (!isSettled || Preferred(leader, heldAtLastLook) is not { } preferred)
        {
            return;
        }

        leader.LooksToPass = LooksBetweenOffers;
        BeginTransfer(leader, preferred);
    }

    /// <summary>
    /// A member with priority 0 has refused somebody who may lead, because that one's log lacks what this one holds. If nobody else holds it either (its leader
    /// may be gone for good), nobody could ever be elected; so this member, when its own timeout ends without a leader, campaigns in order to bring the other one up to date.
    /// </summary>
    private void NoteWhoIsBehind(MemberId candidate)
    {
        if (Leader.IsNone && IsNotToLead && Configuration.MayTakeOver(candidate))
        {
            _waitsForUs = candidate;
        }
    }

    /// <summary>
    /// Nobody has led for long, and nobody who may has asked for a vote either. One that may can be alive all the same, and not know that it may: a learner that was promoted
    /// hears of it with the log, and the only one to bring that may be this member. So it asks who would vote, which changes nothing for anybody.
    /// </summary>
    private bool AsksWhoIsThere() => IsNotToLead && ++_timeoutsUnled > TimeoutsBeforeAsking;

    /// <summary>The answer: it lives, and lacks nothing that this member would have to ask of somebody else.</summary>
    private void NoteWhoIsThere(MemberId voter)
    {
        if (_waitsForUs.IsNone && IsNotToLead && Configuration.MayTakeOver(voter))
        {
            _waitsForUs = voter;
        }
    }

    /// <summary>Who was elected for that takes no proposals, and hands over as soon as the other has everything; when it falls silent, nobody leads again.</summary>
    private void BringUpToDate(LeaderState leader)
    {
        MemberId target = _waitsForUs;
        _waitsForUs = MemberId.None;
        if (MayCampaign)
        {
            return;
        }

        leader.IsCaretaker = true;
        if (leader.Find(target) is { } behind)
        {
            BeginTransfer(leader, behind);
        }
        else
        {
            BecomeFollower(Term, MemberId.None);
        }
    }

    private Progress? Preferred(LeaderState leader, long held)
    {
        Progress? preferred = null;
        int least = Configuration.PriorityOf(Id);
        foreach (Progress follower in leader.Followers)
        {
            int priority = Configuration.PriorityOf(follower.Member);
            if (priority > least && MayTakeOver(follower) && follower.RecentlyActive && !follower.IsIll && follower.Match >= held)
            {
                preferred = follower;
                least = priority;
            }
        }

        return preferred;
    }
}
