using Veche.Raft;

namespace Veche.Replica;

/// <summary>Committed entries to the state machine, one batch at a time, so that each batch is as large as what gathered during the last.</summary>
public sealed partial class Replica
{
    private LogPosition _applied;
    private bool _applying;
    private long _applyingSinceNs;
    private bool _isApplyStalled;
    private bool _installing;
    private LogPosition _lastInstall;
    private (SnapshotPoint Point, long WriteId)? _pendingInstall;

    private void ApplyMore(ReplicaOutput output)
    {
        if (_applying || _installing || _pendingInstall is not null || Trust == StateTrust.Reseeding)
        {
            return;
        }

        // Only what is durable here too: after a crash the state machine must never be ahead of its own log.
        long limit = Math.Min(_core.CommitIndex, _core.PersistedIndex);
        long first = _applied.Index + 1;
        if (limit < first)
        {
            return;
        }

        _applying = true;
        _applyingSinceNs = _nowNs;
        if (first < _cache.FirstIndex)
        {
            output.LogReads.Add(new LogRead(first, Math.Min(Math.Min(limit, _cache.FirstIndex - 1), first + _options.MaxEntriesPerApply - 1), _options.MaxBytesPerApply, MemberId.None));
            return;
        }

        List<Entry> entries = new((int)Math.Min(limit - first + 1, _options.MaxEntriesPerApply));
        long bytes = 0;
        for (long index = first; index <= limit && entries.Count < _options.MaxEntriesPerApply; index++)
        {
            Entry entry = _cache[index];
            bytes += entry.SizeBytes;
            if (entries.Count > 0 && bytes > _options.MaxBytesPerApply)
            {
                break;
            }

            entries.Add(entry);
        }

        output.Apply = entries;
    }

    /// <summary>Tells the protocol when a batch takes longer than a member may be ill; it is small enough to be done in a fraction of that.</summary>
    private void ReportApplyStall(ReplicaOutput output)
    {
        bool isStalled = _applying && _options.Raft.StallBoundMs is { } boundMs && _nowNs - _applyingSinceNs > boundMs * 1_000_000L;
        if (isStalled != _isApplyStalled)
        {
            _isApplyStalled = isStalled;
            Advance(new RaftInput.ApplyStalled(isStalled), output);
        }
    }

    private void OnApplyRead(ReplicaInput.LogReadDone done, ReplicaOutput output)
    {
        if (_installing || _pendingInstall is not null || Trust == StateTrust.Reseeding || done.Request.FirstIndex != _applied.Index + 1)
        {
            // A snapshot has taken the place of these entries, or will.
            _applying = false;
            return;
        }

        if (done.Entries.Count == 0)
        {
            throw new InvalidOperationException($"The log no longer has entry {done.Request.FirstIndex}, which the state machine needs next.");
        }

        output.Apply = [.. done.Entries];
    }

    private void OnApplied(LogPosition through, ReplicaOutput output)
    {
        _applying = false;
        if (through.Index <= _applied.Index)
        {
            throw new InvalidOperationException($"Applied {through} after {_applied}.");
        }

        long before = _applied.Index;
        _applied = through;
        _cache.Trim(_applied.Index);
        TellAppliedIfAsked(before, output);
    }

    private void OnInstalled(SnapshotPoint point)
    {
        _applying = false;
        _applied = point.Position;
        _savedIndex = point.Position.Index;
        _saveRequestedAt = Math.Min(_saveRequestedAt, point.Position.Index);
        _saveIsVoid = _saving;
        EndReseeding();

        // A newer snapshot may have reset the log meanwhile: until it is installed too, the state is before the log's beginning.
        _installing = point.Position != _lastInstall;
    }
}
