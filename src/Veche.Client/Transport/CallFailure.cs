using System.Net.Sockets;
using Grpc.Core;

namespace Veche.Client.Transport;

/// <summary>What a failed call tells about what happened.</summary>
internal static class CallFailure
{
    /// <summary>Texts by which a member says that it did not begin, and will not.</summary>
    private static readonly string[] NotBegun = ["etcdserver: no leader", "etcdserver: too many requests", "etcdserver: not leader"];

    /// <summary>How a member begins to say that it cannot tell any more what became of a number.</summary>
    internal static readonly string[] Forgotten = ["veche: the session is unknown", "veche: the sequence number is older"];

    /// <summary>No connection came about: the other side knows nothing of the call.</summary>
    public static bool WasNeverSent(RpcException exception)
    {
        for (Exception? cause = exception.Status.DebugException ?? exception.InnerException; cause is not null; cause = cause.InnerException)
        {
            if (cause is HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError }
                or SocketException { SocketErrorCode: SocketError.ConnectionRefused or SocketError.HostNotFound or SocketError.TryAgain or SocketError.NoData }
                || (cause is TimeoutException && cause.Message.Contains(nameof(SocketsHttpHandler.ConnectTimeout), StringComparison.Ordinal)))
            {
                return true;
            }
        }

        return false;
    }

    public static bool WasNotBegun(RpcException exception) => WasNeverSent(exception) || NotBegun.Contains(exception.Status.Detail, StringComparer.Ordinal) || IsStaleToken(exception);

    /// <summary>An answer is missing, rather than a refusal given.</summary>
    public static bool HasNoAnswer(RpcException exception) => exception.StatusCode is StatusCode.Unavailable or StatusCode.DeadlineExceeded or StatusCode.Cancelled or StatusCode.Internal;

    /// <summary>
    /// A refusal that speaks for this attempt alone: an earlier one under the same number that was not answered may have been done all the same. Permission is judged for
    /// each where it stands in the log; for lack of room it may have been turned away before it was anybody's turn; and a session that is gone can tell nothing.
    /// </summary>
    public static bool SaysNothingOfEarlierAttempts(RpcException exception) =>
        exception.StatusCode is StatusCode.PermissionDenied or StatusCode.Unauthenticated or StatusCode.ResourceExhausted
        || (exception.StatusCode == StatusCode.FailedPrecondition && Forgotten.Any(text => exception.Status.Detail.StartsWith(text, StringComparison.Ordinal)));

    public static bool IsStaleToken(RpcException exception) => exception.Status.Detail is "etcdserver: invalid auth token" or "etcdserver: revision of auth store is old";
}
