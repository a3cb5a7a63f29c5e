using Veche.Store;
using Veche.Store.Reading;

namespace Veche.Server.Semantics;

/// <summary>Those who wait until this member's state has come as far as a token says.</summary>
internal sealed class StateWaiters(KeyValueStore store)
{
    private readonly Lock _lock = new();
    private readonly RevisionBarrier<TaskCompletionSource> _barrier = new();
    private readonly List<TaskCompletionSource> _through = [];
    private volatile bool _isAwaited;

    /// <summary>True when this member's state shows what a token names.</summary>
    public bool Shows(CausalToken token) => RevisionBarrier<TaskCompletionSource>.Shows(token.Revision, token.Index, store.CurrentRevision, store.AppliedIndex);

    /// <summary>The state has moved on. Called by whoever applies, so it is quick while nobody waits.</summary>
    public void Advanced()
    {
        if (!_isAwaited)
        {
            return;
        }

        lock (_lock)
        {
            // The index first: a state that is replaced meanwhile is only further on.
            long appliedIndex = store.AppliedIndex;
            _barrier.Take(store.CurrentRevision, appliedIndex, _through);
            foreach (TaskCompletionSource done in _through)
            {
                done.TrySetResult();
            }

            _through.Clear();
            _isAwaited = _barrier.Count > 0;
        }
    }

    /// <summary>Returns when the state shows what a token names.</summary>
    public async Task WaitAsync(CausalToken after, CancellationToken cancellationToken)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            _barrier.Add(after.Revision, after.Index, done);
            _isAwaited = true;
        }

        // What was reached before is told to nobody.
        Advanced();
        try
        {
            await done.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            lock (_lock)
            {
                _barrier.Drop(waiter => waiter == done);
            }
        }
    }
}
