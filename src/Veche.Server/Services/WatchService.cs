using System.Threading.Channels;
using Grpc.Core;
using Veche.Api;
using Veche.Api.Commands;
using Veche.Hosting;
using Veche.Server.Auth;
using Veche.Store;
using Veche.Store.Watching;

namespace Veche.Server.Services;

/// <summary>Watches: one task takes the client's requests, another sends what the stream has.</summary>
internal sealed class WatchService(MemberContext member, Authenticator authenticator) : Watch.WatchBase
{
    /// <summary>Room for what is around the events in a response.</summary>
    private const int ResponseOverheadBytes = 512 << 10;

    private static readonly WriteOptions Buffered = new(WriteFlags.BufferHint);

    public override async Task Watch(IAsyncStreamReader<WatchRequest> requestStream, IServerStreamWriter<WatchResponse> responseStream, ServerCallContext context)
    {
        await member.Reads.AwaitTokenAsync(context).ConfigureAwait(false);
        Channel<byte> signal = Channel.CreateBounded<byte>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });
        using WatchStream stream = member.Watches.OpenStream(() => signal.Writer.TryWrite(0), member.Options.MaxRequestBytes + ResponseOverheadBytes);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, member.Stopping);
        await using var idle = new Timer(_ => stream.NotifyIdle(), null, member.Options.WatchProgressInterval, member.Options.WatchProgressInterval);
        Task sending = SendAsync(stream, signal.Reader, responseStream, ended.Token);
        using var leader = new LeaderWatch(member, context, ended);
        try
        {
            await ReceiveAsync(stream, requestStream, context, ended.Token).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException)
        {
            // The client is gone, or the stream was cut; what matters more is said below.
            context.Status = new Status(StatusCode.Cancelled, "the client is gone");
        }

        await ended.CancelAsync().ConfigureAwait(false);
        try
        {
            await sending.ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException or InvalidOperationException)
        {
            // Nobody is there to be told.
        }

        leader.ThrowIfLost();
        member.ThrowIfStopping();
    }

    private async Task ReceiveAsync(WatchStream stream, IAsyncStreamReader<WatchRequest> requests, ServerCallContext context, CancellationToken cancellationToken)
    {
        while (await requests.MoveNext(cancellationToken).ConfigureAwait(false))
        {
            WatchRequest request = requests.Current;
            switch (request.RequestUnionCase)
            {
                case WatchRequest.RequestUnionOneofCase.CreateRequest:
                    await CreateAsync(stream, request.CreateRequest, context, cancellationToken).ConfigureAwait(false);
                    break;
                case WatchRequest.RequestUnionOneofCase.CancelRequest:
                    stream.Cancel(request.CancelRequest.WatchId);
                    break;
                case WatchRequest.RequestUnionOneofCase.ProgressRequest:
                    stream.RequestProgress();
                    break;
            }
        }
    }

    /// <summary>
    /// Who it is is asked for each watch: the token may have ended since the stream began. And by everything that was acknowledged before: a watch goes on
    /// for as long as it likes, so it must not begin by permissions that this member only has not heard the end of.
    /// </summary>
    private async ValueTask CreateAsync(WatchStream stream, WatchCreateRequest request, ServerCallContext context, CancellationToken cancellationToken)
    {
        await ConfirmAsync(cancellationToken).ConfigureAwait(false);
        Caller? caller;
        try
        {
            caller = await authenticator.RecogniseAsync(context).ConfigureAwait(false);
        }
        catch (StoreException exception)
        {
            stream.Create(request, unrecognised: exception.Error);
            return;
        }

        stream.Create(request, caller);
    }

    /// <summary>A watch waits for a leader, as one that is there already does: there is nothing to see without one.</summary>
    private async ValueTask ConfirmAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                await member.Host.ReadBarrierAsync(cancellationToken).AsTask().WaitAsync(cancellationToken).ConfigureAwait(false);
                return;
            }
            catch (RefusedException exception) when (exception.Reason != RefusalReason.Stopping)
            {
                // The host has waited for a leader until its deadline already.
            }
            catch (RefusedException exception)
            {
                throw new OperationCanceledException(exception.Message, exception);
            }
        }
    }

    private async Task SendAsync(WatchStream stream, ChannelReader<byte> signal, IServerStreamWriter<WatchResponse> responses, CancellationToken cancellationToken)
    {
        List<WatchResponse> batch = [];
        while (await signal.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
        {
            signal.TryRead(out _);
            bool more;
            do
            {
                more = stream.Pump(batch);
                for (int i = 0; i < batch.Count; i++)
                {
                    // What goes out together is flushed together, with the last of it.
                    responses.WriteOptions = i < batch.Count - 1 ? Buffered : null;
                    Complete(batch[i]);
                    member.Meters.EventsSent.Inc(batch[i].Events.Count);
                    await responses.WriteAsync(batch[i], cancellationToken).ConfigureAwait(false);
                }

                batch.Clear();
            }
            while (more);
        }
    }

    private void Complete(WatchResponse response) => member.Complete(response.Header);
}
