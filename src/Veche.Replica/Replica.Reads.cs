using Veche.Raft;

namespace Veche.Replica;

/// <summary>Linearizable reads (thesis §6.4): first the leader's confirmation, then this member's state machine must have caught up to it.</summary>
public sealed partial class Replica
{
    private readonly List<PendingRead> _reads = [];
    private long _lastRaftRead;

    private sealed class PendingRead
    {
        public required long ReadId { get; init; }

        public required bool AllowLease { get; init; }

        public required long MaxEntriesBehind { get; init; }

        /// <summary>The id under which the protocol was last asked; 0 while it has not been asked. A retry takes a new one: an answer to an old question proves nothing about now.</summary>
        public long RaftReadId { get; set; }

        public long RetryAtNs { get; set; }

        /// <summary>The index to be applied first; -1 until confirmed.</summary>
        public long Index { get; set; } = -1;
    }

    private void BeginRead(ReplicaInput.Read asked, ReplicaOutput output)
    {
        var read = new PendingRead { ReadId = asked.ReadId, AllowLease = asked.AllowLease, MaxEntriesBehind = asked.MaxEntriesBehind };
        _reads.Add(read);
        Ask(read, output);
    }

    private void Ask(PendingRead read, ReplicaOutput output)
    {
        read.RetryAtNs = _nowNs + (_options.ReadRetryMs * 1_000_000L);
        if (_core.Leader.IsNone)
        {
            read.RaftReadId = 0;
            return;
        }

        read.RaftReadId = ++_lastRaftRead;
        Advance(new RaftInput.ReadIndex(read.RaftReadId, read.AllowLease), output);
    }

    private void OnReadOutcome(ReadOutcome outcome)
    {
        foreach (PendingRead read in _reads)
        {
            if (read.RaftReadId == outcome.ReadId && read.Index < 0)
            {
                if (outcome.Refusal == Refusal.None)
                {
                    read.Index = outcome.Index;
                }
                else
                {
                    read.RaftReadId = 0;
                }

                return;
            }
        }
    }

    /// <summary>Asks again for what was refused, when the leader has changed, and for what was not answered, when time is up.</summary>
    private void RetryReads(ReplicaOutput output)
    {
        for (int i = 0; i < _reads.Count; i++)
        {
            PendingRead read = _reads[i];
            if (read.Index < 0 && _nowNs >= read.RetryAtNs)
            {
                Ask(read, output);
            }
        }
    }

    private void RetryReadsAtOnce()
    {
        foreach (PendingRead read in _reads)
        {
            if (read.Index < 0)
            {
                read.RetryAtNs = _nowNs;
            }
        }
    }

    private void ReleaseReads(ReplicaOutput output)
    {
        int kept = 0;
        for (int i = 0; i < _reads.Count; i++)
        {
            PendingRead read = _reads[i];
            if (read.Index >= 0 && read.Index - read.MaxEntriesBehind <= _applied.Index)
            {
                output.ReadyReads.Add(read.ReadId);
            }
            else
            {
                _reads[kept++] = read;
            }
        }

        _reads.RemoveRange(kept, _reads.Count - kept);
    }

    private long ReadDeadline()
    {
        long deadline = long.MaxValue;
        foreach (PendingRead read in _reads)
        {
            if (read.Index < 0)
            {
                deadline = Math.Min(deadline, read.RetryAtNs);
            }
        }

        return deadline;
    }
}
