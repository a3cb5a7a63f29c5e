using Veche.Store;

namespace Veche.Server;

/// <summary>Those who wait until a compaction has given the room back.</summary>
internal sealed class ReclaimWaiters(KeyValueStore store)
{
    private readonly Lock _lock = new();
    private readonly List<(long Revision, TaskCompletionSource Done)> _waiting = [];

    /// <summary>Everything up to a revision has been cleared away.</summary>
    public void Reached(long revision)
    {
        lock (_lock)
        {
            for (int i = _waiting.Count - 1; i >= 0; i--)
            {
                if (_waiting[i].Revision <= revision)
                {
                    _waiting[i].Done.TrySetResult();
                    _waiting.RemoveAt(i);
                }
            }
        }
    }

    /// <summary>Returns when everything up to a revision has been cleared away here.</summary>
    public async Task WaitAsync(long revision, CancellationToken cancellationToken)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            _waiting.Add((revision, done));
        }

        // What was reached before is told to nobody.
        Reached(store.ReclaimedRevision);
        try
        {
            await done.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            lock (_lock)
            {
                _waiting.RemoveAll(waiter => waiter.Done == done);
            }
        }
    }
}
