using System.Net.Sockets;
using System.Security.Authentication;
using Grpc.Core;

namespace Veche.Cli.Client;

/// <summary>What a failed call tells about what happened.</summary>
internal static class CallFailure
{
    /// <summary>No connection came about: the other side knows nothing of the call.</summary>
    public static bool WasNeverSent(RpcException exception) => Causes(exception).Any(static cause => cause is HttpRequestException
    {
        HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError,
    }
    or SocketException
    {
        SocketErrorCode: SocketError.ConnectionRefused or SocketError.HostNotFound or SocketError.TryAgain or SocketError.NoData,
    }
    || (cause is TimeoutException && cause.Message.Contains(nameof(SocketsHttpHandler.ConnectTimeout), StringComparison.Ordinal)));

    /// <summary>The member says that it did not even begin: it knows no leader.</summary>
    public static bool WasNotBegun(RpcException exception) => WasNeverSent(exception) || exception is { StatusCode: StatusCode.Unavailable, Status.Detail: "etcdserver: no leader" };

    /// <summary>An answer is missing, rather than a refusal given.</summary>
    public static bool HasNoAnswer(RpcException exception) => exception.StatusCode is StatusCode.Unavailable or StatusCode.DeadlineExceeded or StatusCode.Cancelled or StatusCode.Internal;

    /// <summary>In a few words.</summary>
    public static string Describe(RpcException exception)
    {
        foreach (Exception cause in Causes(exception))
        {
            switch (cause)
            {
                case SocketException socket:
                    return socket.Message.ToLowerInvariant();
                case AuthenticationException tls:
                    return $"TLS: {tls.Message} (--cacert names the authority to trust)";
                case TimeoutException:
                    return "no connection in time";
                default:
                    break;
            }
        }

        return exception.StatusCode == StatusCode.DeadlineExceeded ? "no answer in time" : exception.Status.Detail;
    }

    private static IEnumerable<Exception> Causes(RpcException exception)
    {
        for (Exception? cause = exception.Status.DebugException ?? exception.InnerException; cause is not null; cause = cause.InnerException)
        {
            yield return cause;
        }
    }
}
