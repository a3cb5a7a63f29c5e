using Veche.Raft;
using Veche.Replica;

namespace Veche.Hosting;

/// <summary>The thread of the state machine: applies, answers those who wait, captures and restores.</summary>
public sealed partial class ReplicaHost
{
    /// <summary>How much longer than a piece of clearing away lasts it rests after it, while commands come.</summary>
    private const int TidyRests = 3;

    private readonly ApplyBatch _applyBatch = new();
    private readonly List<long> _applySequences = [];
    private readonly Func<long, bool> _isAwaited;
    private readonly Timer _tidyTimer;
    private bool _tidyPosted;
    private bool _appliedSinceTidied;
    private TimeSpan _tidyRest;

    /// <summary>One thing to do with the state machine.</summary>
    private readonly record struct ApplyWork(List<Entry>? Entries = null, SnapshotPoint? Install = null, TaskCompletionSource<CapturedState>? Capture = null, bool ForWitness = false, bool Tidy = false, long CopiedIndex = 0);

    private void DoApplyWork(List<ApplyWork> work)
    {
        foreach (ApplyWork item in work)
        {
            if (item.Entries is { } entries)
            {
                Apply(entries, item.CopiedIndex);
            }
            else if (item.Install is { } install)
            {
                Install(install);
            }
            else if (item.Capture is { } capture)
            {
                Capture(capture, item.ForWitness);
            }
            else if (item.Tidy)
            {
                _tidyPosted = false;
                Tidy();
            }
        }

        // Behind everything that has come meanwhile; and at rest for a while after each piece, or entries that come one by one would wait for a piece each.
        if (!_tidyPosted && _stateMachine.NeedsTidying)
        {
            _tidyPosted = true;
            _tidyTimer.Change(_tidyRest, Timeout.InfiniteTimeSpan);
        }
    }

    private void Capture(TaskCompletionSource<CapturedState> capture, bool forWitness)
    {
        IStateImage image;
        try
        {
            image = forWitness ? _stateMachine.CaptureForWitness() : _stateMachine.Capture();
        }
        catch (NotSupportedException exception)
        {
            capture.TrySetException(exception);
            return;
        }

        if (!capture.TrySetResult(new CapturedState(image, new SnapshotPoint(image.Applied, _appliedConfiguration))))
        {
            image.Dispose();
        }
    }

    private void Tidy()
    {
        long startedNs = MonotonicClock.Read();
        try
        {
            _stateMachine.Tidy();
        }
        catch (StateDamagedException exception)
        {
            Distrust(exception.Message);
        }

        // While commands come, most of the time is theirs; what is left is enough that clearing away never lags behind them for ever.
        _tidyRest = _appliedSinceTidied ? TimeSpan.FromMilliseconds(Math.Ceiling((MonotonicClock.Read() - startedNs) * TidyRests / 1e6)) : TimeSpan.Zero;
        _appliedSinceTidied = false;
    }

    private void Apply(List<Entry> entries, long copiedIndex)
    {
        long startedNs = MonotonicClock.Read();
        _appliedSinceTidied = true;
        _applySequences.Clear();
        foreach (Entry entry in entries)
        {
            _applySequences.Add(ApplyBatches.Add(_applyBatch, entry, Id, _isAwaited));
            if (entry.Kind == EntryKind.Configuration && ConfigurationEntry.TryDecode(entry.Data, out Configuration? configuration, out _))
            {
                _appliedConfiguration = configuration;
            }
        }

        try
        {
            _stateMachine.Apply(_applyBatch);
        }
        catch (StateDamagedException exception)
        {
            // What was to be applied is in the log, and is applied to the state that takes this one's place.
            _applyBatch.Clear();
            Distrust(exception.Message);
            return;
        }

        _metrics.Applied(MonotonicClock.Read() - startedNs);

        // The loop hears of it first: a read that waited for this index need not wait for everybody else's answers.
        _loop.Post(new ReplicaInput.Applied(_applyBatch.Last));
        for (int i = 0; i < _applySequences.Count; i++)
        {
            if (_applySequences[i] != 0)
            {
                _waiters.TakeApplied(_applySequences[i], _applyBatch.ResultOf(i), _applyBatch.Entries[i].Position.Index, copiedIndex)?.Complete(_applyBatch.ResultOf(i));
            }
        }

        _applyBatch.Clear();
    }

    private void Install(SnapshotPoint point)
    {
        _metrics.InstallBegins();
        try
        {
            using Stream image = _snapshots.OpenRead(point.Position);
            _stateMachine.Restore(image, point.Position);
        }
        finally
        {
            _metrics.InstallEnds();
        }

        _appliedConfiguration = point.Configuration;
        _snapshots.DeleteOlderThan(point.Position);
        _log.SnapshotInstalled(point.Position.Index);
        _loop.Post(new ReplicaInput.Installed(point));
    }
}
