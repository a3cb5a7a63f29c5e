using System.Threading.Tasks.Sources;
using Veche.Raft;
using Veche.Replica;

namespace Veche.Hosting;

/// <summary>
/// Somebody who waits for a command to be applied. Pooled: a put in flight costs no allocation for its waiting.
/// Completed at most once, by whoever removes it from the table of waiters.
/// </summary>
internal sealed class CommandWaiter : IValueTaskSource<object?>
{
    private static readonly ObjectPool<CommandWaiter> Pool = new(static () => new CommandWaiter());

    private ManualResetValueTaskSourceCore<object?> _core;

    private CommandWaiter()
    {
        // The thread that applies must not run the rest of somebody's request.
        _core.RunContinuationsAsynchronously = true;
    }

    /// <summary>Payload of the entry, kept so that a command that was provably not proposed can be submitted again.</summary>
    public ReadOnlyMemory<byte> Data { get; private set; }

    public long DeadlineNs { get; private set; }

    /// <summary>Committed before the command was made.</summary>
    public long AfterIndex { get; private set; }

    /// <summary>Which command it is.</summary>
    public CommandIdentity? Identity => CommandHeader.TryRead(Data, out MemberId origin, out long sequence, out _) ? new CommandIdentity(origin, sequence, AfterIndex) : null;

    /// <summary>What it waits for, where that is not the usual; null where it is.</summary>
    public RuleProgress? Progress { get; private set; }

    public ValueTask<object?> Task => new(this, _core.Version);

    public static CommandWaiter Rent(ReadOnlyMemory<byte> data, long deadlineNs, long afterIndex, RuleProgress? progress)
    {
        CommandWaiter waiter = Pool.Rent();
        waiter.Data = data;
        waiter.DeadlineNs = deadlineNs;
        waiter.AfterIndex = afterIndex;
        waiter.Progress = progress;
        return waiter;
    }

    public void Complete(object? result) => _core.SetResult(Progress is { } progress ? progress.Outcome : result);

    public void Fail(Exception exception) => _core.SetException(exception);

    public object? GetResult(short token)
    {
        try
        {
            return _core.GetResult(token);
        }
        finally
        {
            _core.Reset();
            Data = default;
            Progress = null;
            Pool.Return(this);
        }
    }

    public ValueTaskSourceStatus GetStatus(short token) => _core.GetStatus(token);

    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);
}
