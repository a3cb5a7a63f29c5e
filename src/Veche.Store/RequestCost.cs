using Veche.Api;
using Veche.Api.Commands;

namespace Veche.Store;

/// <summary>What a command may add to the data, in bytes, before it is done. The estimates are etcd's; deletions and compactions cost nothing.</summary>
public static class RequestCost
{
    private const int PutOverheadBytes = 256;
    private const int LeaseBytes = 64;

    /// <summary>What a command may add.</summary>
    public static long Of(Command command) => command.BodyCase switch
    {
        Command.BodyOneofCase.Put => Of(command.Put),
        Command.BodyOneofCase.Txn => Of(command.Txn),
        Command.BodyOneofCase.LeaseGrant => LeaseBytes,
        _ => 0,
    };

    private static long Of(PutRequest request) => PutOverheadBytes + request.Key.Length + request.Value.Length;

    /// <summary>The dearer branch counts, with what is nested in it.</summary>
    private static long Of(TxnRequest request) => Math.Max(Of(request.Success), Of(request.Failure));

    private static long Of(IEnumerable<RequestOp> operations) => operations.Sum(static operation => operation.RequestCase switch
    {
        RequestOp.RequestOneofCase.RequestPut => Of(operation.RequestPut),
        RequestOp.RequestOneofCase.RequestTxn => Of(operation.RequestTxn),
        _ => 0,
    });
}
