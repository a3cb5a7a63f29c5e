using Veche.Hosting;
using Veche.Raft;
using Veche.Replica;
using Veche.Server.Integrity;
using Veche.Store.Leases;

namespace Veche.Server;

/// <summary>Leadership decides who counts down the leases; a member that cannot go on ends the process.</summary>
internal sealed class MemberObserver(Lessor lessor, StateGuard guard, int electionTimeoutMs) : IReplicaObserver
{
    private readonly TaskCompletionSource<Exception> _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _termLed;

    /// <summary>Ends with the reason when the member has stopped itself.</summary>
    public Task<Exception> Failure => _failed.Task;

    public void LeadershipChanged(MemberStatus status)
    {
        long termLed = status.Role == Role.Leader ? status.Term : 0;
        if (termLed != 0 && termLed != _termLed)
        {
            lessor.Promote(MemberContext.NowNs, electionTimeoutMs * 1_000_000L, termLed);
        }
        else if (termLed == 0 && _termLed != 0)
        {
            lessor.Demote();
        }

        _termLed = termLed;
    }

    public void StateDamaged(string reason) => guard.Found(reason);

    public void TrustChanged(StateTrust trust) => guard.TrustChanged(trust);

    public void ConfigurationChanged(Configuration configuration)
    {
        // Members are listed from the status whenever somebody asks.
    }

    public void Failed(Exception reason) => _failed.TrySetResult(reason);
}
