using Google.Protobuf;
using Veche.Api;
using Veche.Api.Commands;
using Veche.Simulation.Clients;

namespace Veche.Simulation.Verdicts;

/// <summary>
/// Users, roles and permissions in their simplest form, written against docs/auth.md: who may do something to a range may do it to each key in it.
/// Nothing is merged, and nothing is remembered of an earlier answer.
/// </summary>
internal sealed partial class ReferenceModel
{
    private const string Root = "root";
    private const string NoUserText = "etcdserver: user name is empty";
    private const string UnknownUserText = "etcdserver: user name not found";
    private const string DeniedText = "etcdserver: permission denied";
    private const string OldText = "etcdserver: revision of auth store is old";

    private readonly List<(long Index, AuthState State)> _authStates = [(0, new AuthState())];

    private AuthState Auth => _authStates[^1].State;

    /// <summary>Users, roles and permissions after a command that the model has taken.</summary>
    public AuthState AuthAt(long index)
    {
        TakeThrough(index);
        int last = _authStates.Count - 1;
        while (_authStates[last].Index > index)
        {
            last--;
        }

        return _authStates[last].State;
    }

    /// <summary>Why a member whose state is at an index must not answer a read; null when it may.</summary>
    public string? WhyHidden(Caller? caller, IMessage request, long index)
    {
        AuthState auth = AuthAt(index);
        return !auth.IsOn ? null
            : caller?.Revision > auth.Revision ? OldText // It may have lost since then what this state still gives it.
            : request is RangeRequest range ? WhyNot(auth, caller, range.Key, range.RangeEnd, Access.Read)
            : WhyNot(auth, caller, (TxnRequest)request, static _ => []);
    }

    /// <summary>Why a member whose state is at an index must not open a watch; null when it may. It opens none before it has all that the caller can know.</summary>
    public string? WhyUnwatched(Caller? caller, WatchCreateRequest request, long index) => AuthAt(index) is { IsOn: true } auth ? WhyNot(auth, caller, request.Key, request.RangeEnd, Access.Read) : null;

    /// <summary>Why a lease must not be kept alive for somebody, by the state after the last command; null when it may.</summary>
    public string? WhyNotKept(Caller? caller, long lease) => !Auth.IsOn || caller is { IsMember: true } ? null : WhyNobody(caller) ?? WhyNotLease(Auth, caller, lease, KeysOf);

    /// <summary>Why a command is not done at all; null when its caller may.</summary>
    private string? WhyNot(Command command)
    {
        AuthState auth = Auth;
        Caller? caller = command.Caller;
        if (!auth.IsOn || caller is { IsMember: true })
        {
            return null;
        }

        return command.BodyCase switch
        {
            Command.BodyOneofCase.Put => WhyNot(auth, caller, command.Put, KeysOf),
            Command.BodyOneofCase.DeleteRange => WhyNot(auth, caller, command.DeleteRange),
            Command.BodyOneofCase.Txn => WhyNot(auth, caller, command.Txn, KeysOf),
            Command.BodyOneofCase.LeaseGrant or Command.BodyOneofCase.Session => WhyNobody(caller),
            Command.BodyOneofCase.LeaseRevoke => WhyNobody(caller) ?? WhyNotLease(auth, caller, command.LeaseRevoke.ID, KeysOf),
            Command.BodyOneofCase.LeaseCheckpoint or Command.BodyOneofCase.StateHash => null,
            _ => WhyNoAdministrator(auth, caller),
        };
    }

    private enum Access
    {
        Read,
        Write,
    }

    private static string? WhyNobody(Caller? caller) => caller is { Revision: > 0 } ? null : NoUserText;

    private static string? WhyNoAdministrator(AuthState auth, Caller? caller) =>
        string.IsNullOrEmpty(caller?.User) ? NoUserText
        : !auth.Users.TryGetValue(caller.User, out Person? person) ? UnknownUserText
        : person.Roles.Contains(Root) ? null : DeniedText;

    private static string? WhyNot(AuthState auth, Caller? caller, TxnRequest request, Func<long, IEnumerable<ByteString>> keysOf)
    {
        string? why = WhyNobody(caller);
        foreach (Compare compare in request.Compare)
        {
            why ??= WhyNot(auth, caller, compare.Key, compare.RangeEnd, Access.Read);
        }

        // Both branches, whichever is taken.
        foreach (RequestOp operation in request.Success.Concat(request.Failure))
        {
            why ??= operation.RequestPut is { } put ? WhyNot(auth, caller, put, keysOf)
                : operation.RequestDeleteRange is { } delete ? WhyNot(auth, caller, delete)
                : operation.RequestRange is { } range ? WhyNot(auth, caller, range.Key, range.RangeEnd, Access.Read)
                : WhyNot(auth, caller, operation.RequestTxn, keysOf);
        }

        return why;
    }

    private static string? WhyNot(AuthState auth, Caller? caller, PutRequest put, Func<long, IEnumerable<ByteString>> keysOf) =>
        WhyNot(auth, caller, put.Key, ByteString.Empty, Access.Write)
        ?? WhyNotLease(auth, caller, put.Lease, keysOf)
        ?? (put.PrevKv ? WhyNot(auth, caller, put.Key, ByteString.Empty, Access.Read) : null);

    private static string? WhyNot(AuthState auth, Caller? caller, DeleteRangeRequest delete) =>
        WhyNot(auth, caller, delete.Key, delete.RangeEnd, Access.Write)
        ?? (delete.PrevKv ? WhyNot(auth, caller, delete.Key, delete.RangeEnd, Access.Read) : null);

    /// <summary>What ends a lease deletes its keys.</summary>
    private static string? WhyNotLease(AuthState auth, Caller? caller, long lease, Func<long, IEnumerable<ByteString>> keysOf)
    {
        if (lease == 0 || WhyNoAdministrator(auth, caller) is null)
        {
            return null;
        }

        return keysOf(lease).Select(key => WhyNot(auth, caller, key, ByteString.Empty, Access.Write)).FirstOrDefault(static why => why is not null);
    }

    private static string? WhyNot(AuthState auth, Caller? caller, ByteString key, ByteString end, Access access)
    {
        if (caller is { IsMember: true })
        {
            return null;
        }

        if (caller is not { Revision: > 0 })
        {
            return NoUserText;
        }

        if (caller.Revision < auth.Revision)
        {
            return OldText;
        }

        if (!auth.Users.TryGetValue(caller.User, out Person? person))
        {
            return DeniedText;
        }

        return person.Roles.Contains(Root) || KeysToTry(auth, key, end).All(tried => auth.May(person, tried, access == Access.Write)) ? null : DeniedText;
    }

    /// <summary>
    /// Keys of a range that stand for all of them: its first, and those at which something that anybody may do begins or ends. Between two of them
    /// every key is like the one before it.
    /// </summary>
    private static IEnumerable<ByteString> KeysToTry(AuthState auth, ByteString key, ByteString end)
    {
        yield return key;
        if (end.IsEmpty)
        {
            yield break;
        }

        foreach (Permission permission in auth.Roles.Values.SelectMany(static permissions => permissions))
        {
            ByteString behind = permission.RangeEnd.IsEmpty ? ByteString.CopyFrom([.. permission.Key.Span, 0]) : permission.RangeEnd;
            foreach (ByteString edge in (ByteString[])[permission.Key, behind])
            {
                if (AuthState.IsIn(edge, key, end))
                {
                    yield return edge;
                }
            }
        }
    }

    private IEnumerable<ByteString> KeysOf(long lease) => _leases.TryGetValue(lease, out SortedSet<int>? attached) ? attached.Select(KeyNames.Bytes) : [];

    private Expected ChangeAuth(AuthCommand command)
    {
        AuthState next = Auth.Copy();
        if (next.Change(command) is { } refusal)
        {
            return Refuse(refusal);
        }

        _authStates.Add((_expected.Count + 1, next));
        return Done(true);
    }
}
