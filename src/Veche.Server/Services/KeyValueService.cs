using System.Diagnostics;
using Grpc.Core;
using Veche.Api;
using Veche.Api.Commands;
using Veche.Server.Auth;
using Veche.Server.Semantics;
using Veche.Store;

namespace Veche.Server.Services;

/// <summary>Keys and values. Every member answers every request: writes are forwarded to the leader, reads are confirmed by it.</summary>
internal sealed class KeyValueService(MemberContext member) : KV.KVBase
{
    public override async Task<RangeResponse> Range(RangeRequest request, ServerCallContext context)
    {
        Refuse(RequestValidator.Check(request));
        ReadGate.Pass pass = await member.Reads.AdmitAsync(request, context).ConfigureAwait(false);
        RangeResponse response;
        long started = Stopwatch.GetTimestamp();
        try
        {
            response = member.Store.Range(request, context.Caller());
        }
        catch (StoreException exception)
        {
            member.Meters.RangeFailed.Observe(Stopwatch.GetElapsedTime(started).TotalSeconds);
            throw Errors.Of(exception.Error);
        }

        member.Meters.RangeSucceeded.Observe(Stopwatch.GetElapsedTime(started).TotalSeconds);

        member.Complete(response.Header);
        member.Reads.Say(pass, response.Header, context);
        return response;
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
