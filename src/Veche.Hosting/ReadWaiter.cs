using System.Threading.Tasks.Sources;

namespace Veche.Hosting;

/// <summary>Somebody who waits until a linearizable read may be served. Pooled, like <see cref="CommandWaiter"/>.</summary>
internal sealed class ReadWaiter : IValueTaskSource<long>
{
    private static readonly ObjectPool<ReadWaiter> Pool = new(static () => new ReadWaiter());

    private ManualResetValueTaskSourceCore<long> _core;

    private ReadWaiter() => _core.RunContinuationsAsynchronously = true;

    public long DeadlineNs { get; private set; }

    public ValueTask<long> Task => new(this, _core.Version);

    public static ReadWaiter Rent(long deadlineNs)
    {
        ReadWaiter waiter = Pool.Rent();
        waiter.DeadlineNs = deadlineNs;
        return waiter;
    }

    public void Complete(long appliedIndex) => _core.SetResult(appliedIndex);

    public void Fail(Exception exception) => _core.SetException(exception);

    public long GetResult(short token)
    {
        try
        {
            return _core.GetResult(token);
        }
        finally
        {
            _core.Reset();
            Pool.Return(this);
        }
    }

    public ValueTaskSourceStatus GetStatus(short token) => _core.GetStatus(token);

    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);
}
