using Google.Protobuf;
using Veche.Api.Commands;
using Veche.Simulation.Clients;
using Veche.Simulation.Faults;
using Veche.Simulation.Verdicts;
using Veche.Store.Auth;
using Veche.Store.Sessions;

namespace Veche.Simulation.Members;

/// <summary>In whose name things are done, as on a server.</summary>
internal sealed partial class Member
{
    private static readonly Caller Cluster = new() { IsMember = true };

    /// <summary>The revision of users and roles that was last compared with the model, and whether they were in force.</summary>
    private (bool IsOn, ulong Revision) _authSeen;

    /// <summary>What members propose themselves, they propose in the cluster's name. A world without users needs no names, and does what it did.</summary>
    public Caller? Itself => _world.Plan.Faults.Has(FaultKind.Auth) ? Cluster : null;

    /// <summary>What the cluster's own people want done, through the log; nobody waits for it.</summary>
    public void Administer(Command command)
    {
        command.Caller ??= Identity.Root.RecognisedBy(_store!.Auth);
        Propose(null, command.ToByteArray());
    }

    /// <summary>The command of an operation, in the name of whoever asks.</summary>
    private ReadOnlyMemory<byte> InNameOfCaller(Operation operation)
    {
        if (operation.Caller is null)
        {
            return operation.Command;
        }

        Command command = Command.Parser.ParseFrom(operation.Command.Span);
        command.Caller = operation.Caller;
        return command.ToByteArray();
    }

    /// <summary>What the member or its operator proposed, and nobody waits for, is refused where the model says so, and nowhere else.</summary>
    private void CheckOwn(long index, string? refusal, Expected expected)
    {
        if (!IsStateWrong && refusal != expected.Refusal)
        {
            throw new ViolationException("an answer is not what the model says", $"{Id}, index {index}, a command of the cluster: answered {refusal}; expected {expected}");
        }

        if (refusal is not null && _world.Plan.Faults.Has(FaultKind.Auth))
        {
            _world.Count("refused to the operator");
        }
    }

    /// <summary>What the state machine decided of a write that has a caller, or should have.</summary>
    private void CountWrite(Operation operation, string? refusal)
    {
        string? what = refusal switch
        {
            null => operation.Caller is null ? null : "writes of users done",
            _ when refusal == AuthErrors.OldRevision.Message => "writes refused as of an old revision",
            _ when refusal == AuthErrors.PermissionDenied.Message => "writes refused to who may not write",
            _ when refusal == AuthErrors.UserEmpty.Message => "writes refused to nobody",
            _ when refusal == SessionErrors.NotYours.Message => "writes refused in somebody else's session",
            _ => null,
        };
        if (what is not null)
        {
            _world.Count(what);
        }
    }

    /// <summary>Users, roles and permissions are what the committed commands have made of them by the index that is applied here.</summary>
    private void CheckAuth(bool always)
    {
        if (IsWitness || IsStateWrong)
        {
            return;
        }

        AuthView auth = _store!.Auth;
        (bool, ulong) seen = (auth.IsEnabled, auth.Revision);
        AuthState expected = _world.Model.AuthAt(_store.AppliedIndex);
        if ((always || seen != _authSeen || seen != (expected.IsOn, expected.Revision)) && expected.Difference(auth.IsEnabled, auth.Revision, auth.Users.Values, auth.Roles.Values) is { } difference)
        {
            throw new ViolationException("a member's state is not what was committed", $"{Id} at {_store.Applied} {difference}");
        }

        _authSeen = seen;
    }
}
