namespace Veche.Raft;

/// <summary>Handing leadership over (thesis §3.10).</summary>
public sealed partial class RaftCore
{
    private void OnTransferLeadership(MemberId to)
    {
        if (_state is not LeaderState leader)
        {
            _out.Refusal = Refusal.NotLeader;
            return;
        }

        Progress? target = to.IsNone ? BestSuccessor(leader) : leader.Find(to);
        if (target is null || !MayTakeOver(target))
        {
            _out.Refusal = Refusal.BadTransferee;
            return;
        }

        if (!leader.TransferTarget.IsNone)
        {
            _out.Refusal = leader.TransferTarget == target.Member ? Refusal.None : Refusal.TransferInProgress;
            return;
        }

        BeginTransfer(leader, target);
    }

    private void BeginTransfer(LeaderState leader, Progress target)
    {
        leader.TransferTarget = target.Member;
        leader.TransferDeadlineNs = _nowNs + ElectionTimeoutNs;
        leader.LeaseVoid = true;
        SendAppends(target);
        HandOverIfCaughtUp(leader, target);
    }

    private void OnTransferDeadline(LeaderState leader)
    {
        if (!leader.IsCaretaker)
        {
            leader.TransferTarget = MemberId.None;
            StepDownIfIll(leader);
        }
        else if (leader.Find(leader.TransferTarget) is { RecentlyActive: true } target)
        {
            // It may be waiting for a snapshot, or the word to take over was lost, or it was ill when that came.
            leader.TransferDeadlineNs = _nowNs + ElectionTimeoutNs;
            HandOverIfCaughtUp(leader, target);
        }
        else
        {
            BecomeFollower(Term, MemberId.None);
        }
    }

    private bool MayTakeOver(Progress follower) => Configuration.MayTakeOver(follower.Member);

    /// <summary>Who answers and lacks least, whatever its priority: a hand-over that fails costs more than one to the second best.</summary>
    private Progress? BestSuccessor(LeaderState leader)
    {
        Progress? best = null;
        foreach (Progress follower in leader.Followers)
        {
            if (MayTakeOver(follower) && (best is null || Suitability(follower).CompareTo(Suitability(best)) > 0))
            {
                best = follower;
            }
        }

        return best;
    }

    private (bool IsWell, bool RecentlyActive, long Match, int Priority) Suitability(Progress follower) =>
        (!follower.IsIll, follower.RecentlyActive, follower.Match, Configuration.PriorityOf(follower.Member));

    private void HandOverIfCaughtUp(LeaderState leader, Progress follower)
    {
        if (leader.TransferTarget == follower.Member && follower.Match == LastPosition.Index)
        {
            Send(new TimeoutNow(Id, follower.Member, Term));
        }
    }
}
