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
        if (target is null || !Configuration.Voters.Contains(target.Member))
        {
            _out.Refusal = Refusal.BadTransferee;
            return;
        }

        if (!leader.TransferTarget.IsNone)
        {
            _out.Refusal = leader.TransferTarget == target.Member ? Refusal.None : Refusal.TransferInProgress;
            return;
        }

        leader.TransferTarget = target.Member;
        leader.TransferDeadlineNs = _nowNs + ElectionTimeoutNs;
        leader.LeaseVoid = true;
        SendAppends(target);
        HandOverIfCaughtUp(leader, target);
    }

    private Progress? BestSuccessor(LeaderState leader)
    {
        Progress? best = null;
        foreach (Progress follower in leader.Followers)
        {
            if (Configuration.Voters.Contains(follower.Member)
                && (best is null || (follower.RecentlyActive, follower.Match).CompareTo((best.RecentlyActive, best.Match)) > 0))
            {
                best = follower;
            }
        }

        return best;
    }

    private void HandOverIfCaughtUp(LeaderState leader, Progress follower)
    {
        if (leader.TransferTarget == follower.Member && follower.Match == LastPosition.Index)
        {
            Send(new TimeoutNow(Id, follower.Member, Term));
        }
    }
}
