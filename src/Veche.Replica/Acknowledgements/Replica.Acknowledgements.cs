using Veche.Raft;

namespace Veche.Replica;

/// <summary>Acknowledgements by rule: what a leader watches over for those who submitted, and what followers tell it for that.</summary>
public sealed partial class Replica
{
    private readonly PendingAcknowledgements _pending;
    private readonly List<PendingAcknowledgement> _reached = [];
    private readonly SortedDictionary<MemberId, long> _appliedAt = [];

    /// <summary>Entries that were acknowledged before they were committed, while they are not: what a failover may take back.</summary>
    private readonly SortedSet<long> _owed = [];
    private readonly Func<AckRule, long> _reachedIndex;
    private readonly Func<MemberId, long> _receivedAt;
    private readonly Func<MemberId, long> _durableAt;
    private readonly Func<MemberId, long> _appliedBy;

    /// <summary>What the batch that is being proposed wants to hear; it is on its way before its entries are known to be in the log.</summary>
    private AppendReports _batchReports;

    /// <summary>Who asked how far this member applies, in which term, and through where.</summary>
    private (MemberId Leader, long Term, long Through) _appliedAsked;

    /// <summary>What appends should ask for now.</summary>
    private AppendReports ReportsWanted => _batchReports | (_pending.Count > 0 ? _pending.Wanted : AppendReports.None);

    private long ReachedIndex(AckRule rule)
    {
        long reached = rule.ReachedIndex(
            _core.Configuration,
            Id,
            rule.Stage switch
            {
                AckStage.Received => _receivedAt,
                AckStage.Durable => _durableAt,
                _ => _appliedBy,
            });

        // A quorum's disks mean a commit. When a configuration has just been left, a quorum of the next may have more than the protocol has looked at yet.
        return rule is { Stage: AckStage.Durable, By: AckBy.Majority or AckBy.All } ? Math.Min(reached, _core.CommitIndex) : reached;
    }

    /// <summary>The rules of a batch that is now in the log, from this index on.</summary>
    private void Track(Waiting waiting, long index)
    {
        if (waiting.Submission.Rule is { } rule)
        {
            _pending.Add(rule, new PendingAcknowledgement(index, waiting.Origin, waiting.Submission.Sequence));
        }
    }

    private void Acknowledge(ReplicaOutput output)
    {
        while (_owed.Count > 0 && _owed.Min <= _core.CommitIndex)
        {
            _owed.Remove(_owed.Min);
        }

        if (_pending.Count == 0)
        {
            return;
        }

        _pending.TakeReached(_reachedIndex, _reached);
        if (_reached.Count == 0)
        {
            return;
        }

        SortedDictionary<MemberId, List<(long, long)>>? others = null;
        foreach (PendingAcknowledgement reached in _reached)
        {
            if (reached.Index > _core.CommitIndex)
            {
                _owed.Add(reached.Index);
            }

            if (reached.Origin == Id)
            {
                output.Acknowledged.Add(new AcknowledgedSubmission(reached.Sequence, new LogPosition(reached.Index, _core.Term)));
                continue;
            }

            others ??= [];
            if (!others.TryGetValue(reached.Origin, out List<(long, long)>? theirs))
            {
                others.Add(reached.Origin, theirs = []);
            }

            theirs.Add((reached.Sequence, reached.Index));
        }

        _reached.Clear();
        foreach ((MemberId origin, List<(long, long)> commands) in others ?? [])
        {
            output.Sends.Add(PeerMessage.Of(Id, origin, new AcknowledgedCommands(_core.Term, commands)));
        }
    }

    private static void OnAcknowledged(AcknowledgedCommands acknowledged, ReplicaOutput output)
    {
        foreach ((long sequence, long index) in acknowledged.Commands)
        {
            output.Acknowledged.Add(new AcknowledgedSubmission(sequence, new LogPosition(index, acknowledged.Term)));
        }
    }

    /// <summary>A leader wants to hear when its entries are applied here.</summary>
    private void NoteAppliedAsked(AppendRequest append, ReplicaOutput output)
    {
        if ((append.Reports & AppendReports.Applied) == 0 || append.Term != _core.Term || append.From != _core.Leader)
        {
            return;
        }

        long through = append.Term == _appliedAsked.Term ? Math.Max(_appliedAsked.Through, append.LastIndex) : append.LastIndex;
        _appliedAsked = (append.From, append.Term, through);
        if (_applied.Index >= append.LastIndex)
        {
            TellApplied(output);
        }
    }

    /// <summary>To be called when more has been applied.</summary>
    private void TellAppliedIfAsked(long appliedBefore, ReplicaOutput output)
    {
        if (_appliedAsked.Through > appliedBefore && _appliedAsked.Term == _core.Term && _appliedAsked.Leader == _core.Leader)
        {
            TellApplied(output);
        }
    }

    private void TellApplied(ReplicaOutput output) =>
        output.Sends.Add(PeerMessage.Of(Id, _appliedAsked.Leader, new AppliedThrough(_core.Term, _applied.Index)));

    private void OnAppliedThrough(MemberId from, AppliedThrough applied)
    {
        // What is applied is committed, so it is this leader's own whatever the term it was said in; but who is no leader has nobody to tell.
        if (Leads && applied.Term == _core.Term)
        {
            _appliedAt[from] = Math.Max(_appliedAt.GetValueOrDefault(from), applied.Index);
        }
    }

    private void EndAcknowledgements()
    {
        _pending.Clear();
        _appliedAt.Clear();
    }
}
