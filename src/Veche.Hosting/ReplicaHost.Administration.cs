using System.Collections.Concurrent;
using Veche.Raft;
using Veche.Replica;

namespace Veche.Hosting;

/// <summary>Hand-overs and membership changes.</summary>
public sealed partial class ReplicaHost
{
    private readonly ConcurrentDictionary<long, TaskCompletionSource> _administration = [];
    private long _lastToken;

    /// <inheritdoc/>
    public Task TransferLeadershipAsync(MemberId to, CancellationToken cancellationToken = default)
    {
        long token = Interlocked.Increment(ref _lastToken);
        return AdministerAsync(token, new ReplicaInput.Transfer(token, to), cancellationToken);
    }

    /// <inheritdoc/>
    public Task ChangeConfigurationAsync(ConfigurationChange change, CancellationToken cancellationToken = default)
    {
        long token = Interlocked.Increment(ref _lastToken);
        return AdministerAsync(token, new ReplicaInput.Reconfigure(token, change), cancellationToken);
    }

    private async Task AdministerAsync(long token, ReplicaInput input, CancellationToken cancellationToken)
    {
        ThrowIfStopping();
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _administration[token] = done;
        _loop.Post(input);
        try
        {
            await done.Task.WaitAsync(TimeSpan.FromMilliseconds(_options.RequestTimeoutMs), cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            throw new OutcomeUnknownException("the change did not finish before the deadline; it may or may not take effect");
        }
        finally
        {
            _administration.TryRemove(token, out _);
        }
    }

    private void CompleteAdministration(List<AdministrationOutcome> outcomes)
    {
        foreach (AdministrationOutcome outcome in outcomes)
        {
            if (!_administration.TryRemove(outcome.Token, out TaskCompletionSource? done))
            {
                continue;
            }

            if (outcome.OutcomeUnknown)
            {
                done.SetException(new OutcomeUnknownException("leadership was lost on the way; the change may or may not take effect"));
            }
            else if (outcome.Refusal != Refusal.None)
            {
                done.SetException(Describe(outcome.Refusal));
            }
            else
            {
                done.SetResult();
            }
        }
    }

    private static RefusedException Describe(Refusal refusal) => refusal switch
    {
        Refusal.NotLeader or Refusal.LeaderChanged => new RefusedException(RefusalReason.NotLeader, "this member is not the leader"),
        Refusal.BadTransferee => new RefusedException(RefusalReason.BadTransferee, "leadership cannot go to that member: it is unknown, not a voter, or leads already"),
        Refusal.ConfigurationInvalid => new RefusedException(RefusalReason.ConfigurationInvalid, "the change would not leave a cluster that works"),
        Refusal.ConfigurationBusy => new RefusedException(RefusalReason.ConfigurationBusy, "another membership change is under way; try again when it is done"),
        Refusal.TransferInProgress => new RefusedException(RefusalReason.TimedOut, "leadership could not be handed over in time"),
        _ => new RefusedException(RefusalReason.TooBusy, $"refused: {refusal}"),
    };

    private void FailAdministration(Exception exception)
    {
        foreach (TaskCompletionSource done in _administration.Values)
        {
            done.TrySetException(new OutcomeUnknownException(exception.Message));
        }
    }
}
