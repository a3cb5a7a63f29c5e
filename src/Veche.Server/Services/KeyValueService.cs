using System.Diagnostics;
using Grpc.Core;
using Veche.Api;
using Veche.Api.Commands;
using Veche.Server.Auth;
using Veche.Server.Gateway;
using Veche.Server.Semantics;
using Veche.Store;

namespace Veche.Server.Services;

/// <summary>Keys and values. Every member answers every request: writes are forwarded to the leader, reads are confirmed by it.</summary>
internal sealed class KeyValueService(MemberContext member) : KV.KVBase
{
    /// <summary>About what a piece of a streamed range holds: enough to make what is around it small, and little to keep in memory for a client that is slow.</summary>
    private const int StreamedPieceBytes = 256 << 10;

    /// <summary>Answers with more than so many bytes of keys and values are sent as they are read.</summary>
    private const int LargeAnswerBytes = 256 << 10;

    public override Task<RangeResponse> Range(RangeRequest request, ServerCallContext context) => AnswerAsync(request, context is GatewayCallContext ? long.MaxValue : LargeAnswerBytes, context);

    /// <summary>The same for a part of this member that wants the answer itself.</summary>
    public Task<RangeResponse> ReadAsync(RangeRequest request, ServerCallContext context) => AnswerAsync(request, long.MaxValue, context);

    private async Task<RangeResponse> AnswerAsync(RangeRequest request, long maxBytes, ServerCallContext context)
    {
        Refuse(RequestValidator.Check(request));
        ReadGate.Pass pass = await member.Reads.AdmitAsync(request, context).ConfigureAwait(false);
        RangeResponse? response;
        long started = Stopwatch.GetTimestamp();
        try
        {
            response = member.Store.RangeWithin(maxBytes, request, context.Caller());
            if (response is null)
            {
                await SendLargeAsync(request, pass, context).ConfigureAwait(false);
            }
        }
        catch (StoreException exception)
        {
            member.Meters.RangeFailed.Observe(Stopwatch.GetElapsedTime(started).TotalSeconds);
            throw Errors.Of(exception.Error);
        }

        member.Meters.RangeSucceeded.Observe(Stopwatch.GetElapsedTime(started).TotalSeconds);
        if (response is null)
        {
            return new RangeResponse();
        }

        member.Complete(response.Header);
        member.Reads.Say(pass, response.Header, context);
        return response;
    }

    private async Task SendLargeAsync(RangeRequest request, ReadGate.Pass pass, ServerCallContext context)
    {
        using RangeMessage message = member.Store.OpenRangeMessage(request, context.Caller());
        member.Complete(message.Header);
        member.Reads.Say(pass, message.Header, context);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, member.Stopping);
        try
        {
            await LargeAnswer.SendAsync(message, context, ended.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            member.ThrowIfStopping();
            throw;
        }
    }

    public override async Task RangeStream(RangeRequest request, IServerStreamWriter<RangeStreamResponse> responseStream, ServerCallContext context)
    {
        Refuse(RequestValidator.CheckScan(request));
        if (!request.Serializable)
        {
            await member.ConfirmReadAsync(context.CancellationToken).ConfigureAwait(false);
        }

        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, member.Stopping);
        try
        {
            using RangeScan scan = member.Store.OpenRange(request, context.Caller());
            while (!scan.IsComplete)
            {
                RangeResponse piece = scan.Next(StreamedPieceBytes);
                if (piece.Header is { } header)
                {
                    member.Complete(header);
                }

                await responseStream.WriteAsync(new RangeStreamResponse { RangeResponse = piece }, ended.Token).ConfigureAwait(false);
            }
        }
        catch (StoreException exception)
        {
            throw Errors.Of(exception.Error);
        }
        catch (OperationCanceledException)
        {
            member.ThrowIfStopping();
            throw;
        }
    }

    public override async Task<PutResponse> Put(PutRequest request, ServerCallContext context)
    {
        Refuse(RequestValidator.Check(request, member.Limits));
        PutResponse response = await member.ProposeAsync<PutResponse>(new Command { Put = request }, context).ConfigureAwait(false);
        member.Complete(response.Header);
        member.Reads.SayWritten(response.Header, context);
        return response;
    }

    public override async Task<DeleteRangeResponse> DeleteRange(DeleteRangeRequest request, ServerCallContext context)
    {
        Refuse(RequestValidator.Check(request, member.Limits));
        DeleteRangeResponse response = await member.ProposeAsync<DeleteRangeResponse>(new Command { DeleteRange = request }, context).ConfigureAwait(false);
        member.Complete(response.Header);
        member.Reads.SayWritten(response.Header, context);
        return response;
    }

    public override async Task<TxnResponse> Txn(TxnRequest request, ServerCallContext context)
    {
        Refuse(RequestValidator.Check(request, member.Limits));
        if (RequestValidator.IsReadOnly(request))
        {
            return await ReadAsync(request, context).ConfigureAwait(false);
        }

        TxnResponse response = await member.ProposeAsync<TxnResponse>(new Command { Txn = request }, context).ConfigureAwait(false);
        member.Complete(response.Header);
        member.Reads.SayWritten(response.Header, context);
        return response;
    }

    public override async Task<CompactionResponse> Compact(CompactionRequest request, ServerCallContext context)
    {
        CompactionResponse response = await member.ProposeAsync<CompactionResponse>(new Command { Compact = request }, context).ConfigureAwait(false);
        if (request.Physical)
        {
            await member.Reclaims.WaitAsync(request.Revision, context.CancellationToken).ConfigureAwait(false);
        }

        member.Complete(response.Header);
        return response;
    }

    private async Task<TxnResponse> ReadAsync(TxnRequest request, ServerCallContext context)
    {
        ReadGate.Pass pass = await member.Reads.AdmitAsync(request, RequestValidator.IsSerializable(request), context).ConfigureAwait(false);
        TxnResponse response;
        try
        {
            response = member.Store.ReadTransaction(request, context.Caller());
        }
        catch (StoreException exception)
        {
            throw Errors.Of(exception.Error);
        }

        member.Complete(response.Header);
        member.Reads.Say(pass, response.Header, context);
        return response;
    }

    private static void Refuse(StoreError? error)
    {
        if (error is not null)
        {
            throw Errors.Of(error);
        }
    }
}
