using Google.Protobuf;
using Veche.Api;
using Veche.Api.Commands;

namespace Veche.Store.Auth;

/// <summary>What permissions a request needs, all of it, nested transactions and branches that are not taken included. Each answers null when the caller has them.</summary>
internal static class RequestPermissions
{
    /// <summary>Keys that hang on a lease.</summary>
    public delegate IEnumerable<ByteString> AttachedKeys(long lease);

    public static StoreError? Check(AuthView auth, Command command, AttachedKeys attached) => !auth.IsEnabled ? null : command.BodyCase switch
    {
        Command.BodyOneofCase.Put => Check(auth, command.Caller, command.Put, attached),
        Command.BodyOneofCase.DeleteRange => Check(auth, command.Caller, command.DeleteRange),
        Command.BodyOneofCase.Txn => Check(auth, command.Caller, command.Txn, attached),
        Command.BodyOneofCase.LeaseGrant => auth.CheckKnown(command.Caller),
        Command.BodyOneofCase.LeaseRevoke => auth.CheckKnown(command.Caller) ?? CheckAttached(auth, command.Caller, command.LeaseRevoke.ID, attached),

        Command.BodyOneofCase.Session => auth.CheckKnown(command.Caller),
        Command.BodyOneofCase.Auth when command.Auth.BodyCase == AuthCommand.BodyOneofCase.IssueToken => null,

        // What members say of themselves; no client can ask for it.
        Command.BodyOneofCase.LeaseCheckpoint or Command.BodyOneofCase.Member or Command.BodyOneofCase.MemberUpdate or Command.BodyOneofCase.StateHash => null,

        // Compaction, alarms, users and roles, and whatever is forgotten above: the cluster itself says that it is the cluster.
        _ => auth.CheckAdministrator(command.Caller),
    };

    public static StoreError? Check(AuthView auth, Caller? caller, RangeRequest request) => auth.CheckRead(caller, request.Key, request.RangeEnd);

    public static StoreError? Check(AuthView auth, Caller? caller, TxnRequest request, AttachedKeys attached)
    {
        // One that does nothing is for nobody either.
        if (auth.CheckKnown(caller) is { } unknown)
        {
            return unknown;
        }

        foreach (Compare compare in request.Compare)
        {
            if (auth.CheckRead(caller, compare.Key, compare.RangeEnd) is { } denied)
            {
                return denied;
            }
        }

        foreach (RequestOp operation in request.Success.Concat(request.Failure))
        {
            StoreError? denied = operation.RequestCase switch
            {
                RequestOp.RequestOneofCase.RequestRange => Check(auth, caller, operation.RequestRange),
                RequestOp.RequestOneofCase.RequestPut => Check(auth, caller, operation.RequestPut, attached),
                RequestOp.RequestOneofCase.RequestDeleteRange => Check(auth, caller, operation.RequestDeleteRange),
                RequestOp.RequestOneofCase.RequestTxn => Check(auth, caller, operation.RequestTxn, attached),
                _ => null,
            };
            if (denied is not null)
            {
                return denied;
            }
        }

        return null;
    }

    /// <summary>Who may not write a key must not end it through its lease, nor make another key hang on what others may end.</summary>
    public static StoreError? CheckAttached(AuthView auth, Caller? caller, long lease, AttachedKeys attached)
    {
        if (lease == 0 || auth.CheckAdministrator(caller) is null)
        {
            return null;
        }

        foreach (ByteString key in attached(lease))
        {
            if (auth.CheckWrite(caller, key, ByteString.Empty) is { } denied)
            {
                return denied;
            }
        }

        return null;
    }

    private static StoreError? Check(AuthView auth, Caller? caller, PutRequest request, AttachedKeys attached) =>
        auth.CheckWrite(caller, request.Key, ByteString.Empty)
        ?? CheckAttached(auth, caller, request.Lease, attached)
        ?? (request.PrevKv ? auth.CheckRead(caller, request.Key, ByteString.Empty) : null);

    private static StoreError? Check(AuthView auth, Caller? caller, DeleteRangeRequest request) =>
        auth.CheckWrite(caller, request.Key, request.RangeEnd) ?? (request.PrevKv ? auth.CheckRead(caller, request.Key, request.RangeEnd) : null);
}
