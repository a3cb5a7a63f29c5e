using Grpc.Core;
using Veche.Hosting;
using Veche.Server.Semantics;
using Veche.Store;

namespace Veche.Server;

/// <summary>Refusals as gRPC statuses, with etcd's texts: its clients decide by them.</summary>
internal static class Errors
{
    public static RpcException NoLeader() => Make(StatusCode.Unavailable, "etcdserver: no leader");

    public static RpcException NotLeader() => Make(StatusCode.FailedPrecondition, "etcdserver: not leader");

    public static RpcException Stopped() => Make(StatusCode.Unavailable, "etcdserver: server stopped");

    public static RpcException Quarantined() => Make(StatusCode.Unavailable, "veche: this member is in quarantine: its state is damaged or differs from the others', and is being replaced; ask another member");

    public static RpcException TooManyRequests() => Make(StatusCode.ResourceExhausted, "etcdserver: too many requests");

    public static RpcException WrongDowngradeFormat() => Make(StatusCode.InvalidArgument, "etcdserver: wrong downgrade target version format");

    public static RpcException InvalidDowngradeTarget() => Make(StatusCode.InvalidArgument, "etcdserver: invalid downgrade target version");

    public static RpcException Unimplemented(string what) => Make(StatusCode.Unimplemented, $"veche: {what} is not there yet in this version");

    public static RpcException BadRequest(string what) => Make(StatusCode.InvalidArgument, $"veche: {what}");

    public static RpcException NoLease() => Make(StatusCode.FailedPrecondition, "veche: reads by lease rest on clocks; start every member with --veche-lease-clock-drift-ms, the most that their clocks drift apart in an election timeout, or read linearizable");

    public static RpcException BeyondBounds(string how) => Make(StatusCode.Unavailable, $"veche: {how}; allow more, add ',degrade' to be served with a warning, or read stale");

    public static RpcException TokenRefused(string why) => Make(StatusCode.FailedPrecondition, $"veche: {why}");

    public static RpcException NotYet(string how) => Make(StatusCode.Unavailable, $"veche: {how}");

    public static RpcException Of(StoreError error) => Make(
        error.Code switch
        {
            StoreErrorCode.InvalidArgument => StatusCode.InvalidArgument,
            StoreErrorCode.OutOfRange => StatusCode.OutOfRange,
            StoreErrorCode.NotFound => StatusCode.NotFound,
            StoreErrorCode.FailedPrecondition => StatusCode.FailedPrecondition,
            StoreErrorCode.ResourceExhausted => StatusCode.ResourceExhausted,
            StoreErrorCode.PermissionDenied => StatusCode.PermissionDenied,
            StoreErrorCode.Unauthenticated => StatusCode.Unauthenticated,
            StoreErrorCode.Unknown => StatusCode.Unknown,
            StoreErrorCode.DataLoss => StatusCode.DataLoss,
            _ => StatusCode.Unimplemented,
        },
        error.Message);

    public static RpcException Of(Exception exception) => exception switch
    {
        RefusedException refused => refused.Reason switch
        {
            RefusalReason.NoLeader => NoLeader(),
            RefusalReason.NotLeader => NotLeader(),
            RefusalReason.TooBusy => TooManyRequests(),
            RefusalReason.TooLarge => Of(StoreErrors.RequestTooLarge),
            RefusalReason.NoSpace => Of(StoreErrors.NoSpace),
            RefusalReason.BadTransferee => Make(StatusCode.FailedPrecondition, "etcdserver: bad leader transferee"),
            RefusalReason.Stopping => Stopped(),
            RefusalReason.TimedOut or RefusalReason.Unreachable => Make(StatusCode.Unavailable, "etcdserver: request timed out"),
            _ => Make(StatusCode.FailedPrecondition, refused.Message),
        },
        OutcomeUnknownException unknown => new RpcException(
            new Status(StatusCode.Unavailable, "etcdserver: request timed out"),
            unknown.Command is { } command ? new Metadata { { SemanticsHeaders.Outcome, OutcomeToken.Of(command).ToString() } } : Metadata.Empty),
        StoreException store => Of(store.Error),
        _ => Make(StatusCode.Unknown, exception.Message),
    };

    private static RpcException Make(StatusCode code, string text) => new(new Status(code, text));
}
