using Google.Protobuf;
using Grpc.Core;
using Veche.Api;
using Veche.Cli.Client;

namespace Veche.Cli.Watches;

/// <summary>Asks how far back history goes. No call tells; but a watch from the beginning is refused with the revision from which one can be had.</summary>
internal static class OldestRevision
{
    /// <returns>0 when it cannot be found out.</returns>
    public static async Task<long> FindAsync(Connection connection, ByteString key, CancellationToken cancellationToken)
    {
        (CallInvoker member, CallOptions options) = await connection.StreamAsync(cancellationToken).ConfigureAwait(false);
        using AsyncDuplexStreamingCall<WatchRequest, WatchResponse> call = new Watch.WatchClient(member).Watch(options.WithDeadline(DateTime.UtcNow + connection.Settings.Timeout));
        try
        {
            await call.RequestStream.WriteAsync(new WatchRequest { CreateRequest = new WatchCreateRequest { Key = key, StartRevision = 1 } }, cancellationToken).ConfigureAwait(false);
            while (await call.ResponseStream.MoveNext(cancellationToken).ConfigureAwait(false))
            {
                if (call.ResponseStream.Current.Canceled || call.ResponseStream.Current.Events.Count > 0)
                {
                    return call.ResponseStream.Current.CompactRevision;
                }
            }

            return 0;
        }
        catch (RpcException)
        {
            // It was only for a better message.
            return 0;
        }
    }
}
