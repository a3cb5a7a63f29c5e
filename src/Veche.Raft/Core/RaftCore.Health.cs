namespace Veche.Raft;

/// <summary>
/// A leader that cannot get on is worse than none, for the others keep following it as long as its heartbeats come, and those wait for nothing. So each member
/// measures its own progress, in the times that are handed to it, and one that is ill gives leadership to one that is not.
/// </summary>
public sealed partial class RaftCore
{
    /// <summary>Once may be anybody's bad moment.</summary>
    private const int LateTicksThatAreIllness = 3;

    /// <summary>An ill member leaves so many elections to the others. When nobody leads after that, an ill leader is better than none.</summary>
    private const int TimeoutsToSitOut = 4;

    /// <summary>A member whose state is wrong leaves more to them. Its log is as good as any, and perhaps the only one that can be elected: then it leads until another has everything.</summary>
    private const int TimeoutsToSitOutWithAWrongState = 12;

    private bool _isApplyStalled;
    private int _lateTicks;
    private long _deadlineNs = long.MaxValue;
    private long _wellAfterNs;
    private int _timeoutsSatOut;

    /// <summary>What is ill about this member now, or was within the last <see cref="RaftOptions.StallBoundMs"/>.</summary>
    public Ailments Ailments { get; private set; }

    private bool IsIll => Ailments != Ailments.None;

    private bool IsStateIll => (Ailments & Ailments.State) != 0;

    private void Examine(RaftInput input)
    {
        if (input is RaftInput.StateTrusted trusted)
        {
            // Not measured but told, so it counts at once, both ways, whether progress is measured or not.
            Ailments = trusted.IsTrusted ? Ailments & ~Ailments.State : Ailments | Ailments.State;
        }

        if (_options.StallBoundMs is not { } boundMs)
        {
            return;
        }

        long boundNs = boundMs * 1_000_000L;
        if (input is RaftInput.ApplyStalled stalled)
        {
            _isApplyStalled = stalled.IsStalled;
        }
        else if (input is RaftInput.Tick && _nowNs >= _deadlineNs)
        {
            _lateTicks = _nowNs - _deadlineNs >= ElectionTimeoutNs / 2 ? _lateTicks + 1 : 0;
        }

        Ailments found =
            (_ledger.OldestIssuedNs is { } issuedNs && _nowNs - issuedNs > boundNs ? Ailments.Disk : Ailments.None)
            | (_isApplyStalled ? Ailments.Apply : Ailments.None)
            | (_lateTicks >= LateTicksThatAreIllness ? Ailments.Loop : Ailments.None)
            | (Ailments & Ailments.State);
        if (found != Ailments.None)
        {
            Ailments = found;
            _wellAfterNs = _nowNs + boundNs;
        }
        else if (IsIll && _nowNs >= _wellAfterNs)
        {
            // Well for a while, or leadership would go to and fro with every other write.
            Ailments = Ailments.None;
            _timeoutsSatOut = 0;
        }
    }

    /// <summary>Whether to leave this election to the others: a while where this member is slow, a longer one where its state is wrong.</summary>
    private bool SitsOut() => IsIll && _timeoutsSatOut++ < (IsStateIll ? TimeoutsToSitOutWithAWrongState : TimeoutsToSitOut);

    /// <summary>Only to somebody who is well, answers and has everything that is committed: when there is nobody, an ill leader stays.</summary>
    private void HandOverIfIll(LeaderState leader)
    {
        if (!IsIll || !leader.TransferTarget.IsNone || _nowNs < leader.NextReliefNs)
        {
            return;
        }

        if (BestSuccessor(leader) is { IsIll: false, RecentlyActive: true } successor && successor.Match >= CommitIndex)
        {
            leader.NextReliefNs = _nowNs + (TimeoutsToSitOut * ElectionTimeoutNs);
            BeginTransfer(leader, successor);
        }
    }

    /// <summary>The hand-over has not come about. Those who are well can elect one of themselves without this member; where they cannot, going would only leave nobody.</summary>
    private void StepDownIfIll(LeaderState leader)
    {
        bool IsWell(MemberId member) => leader.Find(member) is { RecentlyActive: true, IsIll: false };
        if (IsIll && Configuration.HasElectionQuorum(IsWell) && Configuration.Voters.Any(voter => Configuration.MayTakeOver(voter) && IsWell(voter)))
        {
            BecomeFollower(Term, MemberId.None);
        }
    }
}
