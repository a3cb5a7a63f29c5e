using Veche.Raft;

namespace Veche.Replica;

/// <summary>When the state is saved, and how much of the log may go after that.</summary>
public sealed partial class Replica
{
    private readonly SortedDictionary<MemberId, long> _snapshotsInFlight = [];
    private long _savedIndex;
    private long _saveRequestedAt;
    private bool _saving;

    private void SaveAndCompact(ReplicaOutput output)
    {
        if (_saving || _installing || _pendingInstall is not null || Trust == StateTrust.Reseeding)
        {
            return;
        }

        long sinceSaved = _applied.Index - Math.Max(_savedIndex, _saveRequestedAt);
        if (sinceSaved < _options.SnapshotEntries && (sinceSaved == 0 || _core.BytesBetween(Math.Max(_savedIndex, _saveRequestedAt), _applied.Index) < _options.SnapshotBytes))
        {
            return;
        }

        _saving = true;
        _saveRequestedAt = _applied.Index;
        output.SaveState = true;
    }

    private void OnStateSaved(long durableIndex)
    {
        _saving = false;
        if (_saveIsVoid)
        {
            // Of a state that has been replaced since: the new one survives up to where it was installed.
            _saveIsVoid = false;
            return;
        }

        _savedIndex = Math.Max(_savedIndex, durableIndex);
        _compactDue = durableIndex > 0;
    }

    /// <summary>The first index after which there are no more than so many bytes of entries up to another one; right before the log when all of it fits.</summary>
    private long FirstWithin(long bytes, long saved)
    {
        long low = _core.FirstIndex - 1;
        if (low >= saved || _core.BytesBetween(low, saved) <= bytes)
        {
            return low;
        }

        long high = saved;
        while (high - low > 1)
        {
            long middle = low + ((high - low) / 2);
            (low, high) = _core.BytesBetween(middle, saved) <= bytes ? (low, middle) : (middle, high);
        }

        return high;
    }

    private bool _compactDue;

    /// <summary>What is read by somebody outside stays in the log until they have it.</summary>
    private long _takenThrough;
    private bool _waitsForReader;

    private void OnLogTaken(long throughIndex)
    {
        _takenThrough = Math.Max(_takenThrough, throughIndex);
        _compactDue |= _waitsForReader;
    }

    private void CompactIfDue(ReplicaOutput output)
    {
        if (!_compactDue || _installing || _pendingInstall is not null || Trust == StateTrust.Reseeding)
        {
            return;
        }

        _compactDue = false;
        long saved = Math.Min(_savedIndex, _applied.Index);
        long through = Math.Max(saved - _options.TrailingEntries, FirstWithin(_options.TrailingBytes, saved));
        foreach ((_, long index) in _snapshotsInFlight)
        {
            // A follower that is being sent a snapshot needs the entries after it next; dropping them now would start it all over.
            through = Math.Min(through, index);
        }

        _waitsForReader = _options.LogIsRead && _takenThrough < through;
        if (_waitsForReader)
        {
            through = _takenThrough;
        }

        if (through < _core.FirstIndex)
        {
            return;
        }

        var point = new SnapshotPoint(new LogPosition(through, _core.TermAt(through)), _core.ConfigurationAt(through));
        Advance(new RaftInput.Compacted(point.Position), output);
        output.Compact = point;
    }
}
