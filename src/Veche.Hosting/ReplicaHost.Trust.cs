using Veche.Replica;

namespace Veche.Hosting;

/// <summary>A state that is damaged or differs from the others' is replaced by another member's, while the member goes on keeping its log.</summary>
public sealed partial class ReplicaHost
{
    /// <summary>
    /// The state is not to be trusted: nothing more is applied to it, the member hands leadership over and does not campaign, whoever waits for an answer is told, and another member is asked
    /// for its state. <see cref="MemberStatus.Trust"/> says how far it is. Whoever serves the state must stop by itself.
    /// </summary>
    /// <param name="reason">What was found.</param>
    /// <param name="isReplaced">It has been replaced already, before the member was started, and only has still to be verified. Default false.</param>
    public void Distrust(string reason, bool isReplaced = false)
    {
        _loop.Post(new ReplicaInput.StateDistrusted(isReplaced));
        FailEverybody(new OutcomeUnknownException($"the member's state is not to be trusted: {reason}"));
        if (!isReplaced)
        {
            _observer?.StateDamaged(reason);
        }
    }

    /// <summary>The new state is right: the member may lead again. Does nothing unless its trust is <see cref="StateTrust.Verifying"/>.</summary>
    public void StateVerified() => _loop.Post(new ReplicaInput.StateVerified());
}
