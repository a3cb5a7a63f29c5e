using Veche.Replica;
using Veche.Simulation.Clients;
using Veche.Simulation.Faults;

namespace Veche.Simulation.Members;

/// <summary>Who keeps a lease alive keeps its keys, so the leader judges that, as on a server: by everything that was committed before.</summary>
internal sealed partial class Member
{
    /// <summary>Renews a lease in the name of who asks, when this member leads.</summary>
    /// <param name="operation">What a client asked, here or at another member.</param>
    /// <param name="then">Gets the time to live in seconds, 0 when there is no such lease, null when this member does not lead; and why the caller may not, or null.</param>
    private void RenewFor(Operation operation, Action<long?, string?> then)
    {
        if (!_world.Plan.Faults.Has(FaultKind.Auth) || !_store!.Auth.IsEnabled || !_leads)
        {
            RenewNow(operation, isJudged: false, then);
            return;
        }

        long readId = ++_lastRead;
        _reads.Add(readId, new PendingRead(null, 0, () =>
        {
            if (WhyNotKept(operation) is { } denied)
            {
                then(null, denied);
                return;
            }

            // Behind the turn that brought the answer.
            int incarnation = Incarnation;
            _world.Later(1_000, () =>
            {
                if (State == MemberState.Up && Incarnation == incarnation)
                {
                    RenewNow(operation, isJudged: true, then);
                }
            });
        }));
        Turn(new ReplicaInput.Read(readId));
    }

    private void RenewNow(Operation operation, bool isJudged, Action<long?, string?> then)
    {
        long? ttl = Renew(operation.Lease);
        if (ttl is not > 0)
        {
            then(ttl, null);
            return;
        }

        ConfirmRenewal(operation.Lease, () => isJudged ? null : WhyNotKept(operation), (isConfirmed, denied) => then(isConfirmed ? ttl : null, denied));
    }

    private string? WhyNotKept(Operation operation)
    {
        string? why;
        try
        {
            why = _store!.CheckKeep(operation.Caller, operation.Lease)?.Message;
        }
        catch (StateDamagedException exception) when (IsStateWrong)
        {
            return exception.Message;
        }

        if (!IsStateWrong && _world.Model.Index == _store.AppliedIndex && _world.Model.WhyNotKept(operation.Caller, operation.Lease) is var expected && why != expected)
        {
            throw new ViolationException(why is null ? "a lease was kept alive for somebody who may not" : "a lease was not kept alive, without reason", $"{Id} at {_store.Applied}: {operation}, for {operation.Caller}: {why}; it should be {expected}");
        }

        if (why is not null)
        {
            _world.Count("leases not kept alive for who may not");
        }
        else if (operation.Caller is not null)
        {
            _world.Count("leases kept alive for users");
        }

        return why;
    }
}
