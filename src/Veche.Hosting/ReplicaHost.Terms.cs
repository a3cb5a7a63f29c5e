using Veche.Raft;
using Veche.Replica;

namespace Veche.Hosting;

/// <summary>Commands whose proposers wait for something else than usual.</summary>
public sealed partial class ReplicaHost
{
    /// <summary>
    /// A member waits up to two election timeouts before it campaigns, and an election that fails (a split vote) costs as much again: what takes longer
    /// than three is no usual failover.
    /// </summary>
    private const int FailoverElectionTimeouts = 3;

    /// <summary>Since when this member has known no leader; 0 while it knows one.</summary>
    private long _leaderlessSinceNs = MonotonicClock.Read();

    /// <inheritdoc/>
    public async ValueTask<ProposalOutcome> ProposeAsync(CommandBuffer command, ProposalTerms terms, CancellationToken cancellationToken = default)
    {
        if (terms.RefuseWithoutLeader && Interlocked.Read(ref _leaderlessSinceNs) is not 0 and var since && MonotonicClock.Read() - since >= FailoverElectionTimeouts * _options.ElectionTimeoutMs * 1_000_000L)
        {
            throw new RefusedException(RefusalReason.NoLeader, "no leader has been known for three election timeouts");
        }

        var progress = new RuleProgress(terms);
        ValueTask<object?> answer = Propose(command, terms.TimeoutMs ?? _options.RequestTimeoutMs, progress, cancellationToken);
        if (progress.IsUnattended)
        {
            return ProposalOutcome.Queued;
        }

        return (ProposalOutcome)(await answer.ConfigureAwait(false))!;
    }

    private void CompleteAcknowledged()
    {
        foreach (AcknowledgedSubmission acknowledged in _output.Acknowledged)
        {
            _waiters.TakeAcknowledged(acknowledged.Sequence)?.Complete(null);
        }
    }

    private void WatchLeader()
    {
        if (!_status.Leader.IsNone)
        {
            Interlocked.Exchange(ref _leaderlessSinceNs, 0);
        }
        else if (Interlocked.Read(ref _leaderlessSinceNs) == 0)
        {
            Interlocked.Exchange(ref _leaderlessSinceNs, MonotonicClock.Read());
        }
    }

    private void PostWrites()
    {
        foreach (LogWrite write in _output.Writes)
        {
            _logWork.Post(new LogWork(Write: write, Rollback: _output.Rollbacks.Find(rollback => rollback.WriteId == write.WriteId)));
        }
    }

    /// <summary>Keeps what a write will remove, before it does. What was written before is made durable first, because only that can be read.</summary>
    private void KeepRolledBack(Rollback rollback)
    {
        if (_options.Rollbacks is not { } keeper)
        {
            return;
        }

        _wal.Sync();
        List<Entry> entries = [];
        while (rollback.FirstIndex + entries.Count <= rollback.LastIndex)
        {
            if (_wal.Read(rollback.FirstIndex + entries.Count, rollback.LastIndex, long.MaxValue, entries) == 0)
            {
                throw new InvalidOperationException($"Entry {rollback.FirstIndex + entries.Count} is to be rolled back, and the log does not have it.");
            }
        }

        entries.RemoveAll(entry => entry.Kind != EntryKind.Command || !rollback.Includes(entry.Position));
        if (entries.Count > 0)
        {
            keeper.Keep(rollback, entries);
        }
    }
}
