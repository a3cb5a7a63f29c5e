using Grpc.Core;
using Grpc.Core.Interceptors;
using Veche.Api;
using Veche.Server.Membership;

namespace Veche.Server.Services;

/// <summary>What a learner does not serve: everything but its status, reads that may be old, and snapshots. And for clients that ask for it: nothing without a leader.</summary>
internal sealed class LearnerLimits(MemberContext member) : Interceptor
{
    public override Task<TResponse> UnaryServerHandler<TRequest, TResponse>(TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        bool open = request is StatusRequest or RangeRequest { Serializable: true } || !IsOfEtcd(context);
        if (!open)
        {
            Refuse();
        }

        if (context.RequestHeaders.GetValue("hasleader") == "true" && member.Host.Status.Leader.IsNone)
        {
            throw Errors.NoLeader();
        }

        return continuation(request, context);
    }

    public override Task ServerStreamingServerHandler<TRequest, TResponse>(TRequest request, IServerStreamWriter<TResponse> responseStream, ServerCallContext context, ServerStreamingServerMethod<TRequest, TResponse> continuation)
    {
        if (request is not SnapshotRequest && IsOfEtcd(context))
        {
            Refuse();
        }

        return continuation(request, responseStream, context);
    }

    public override Task DuplexStreamingServerHandler<TRequest, TResponse>(IAsyncStreamReader<TRequest> requestStream, IServerStreamWriter<TResponse> responseStream, ServerCallContext context, DuplexStreamingServerMethod<TRequest, TResponse> continuation)
    {
        Refuse();
        return continuation(requestStream, responseStream, context);
    }

    private static bool IsOfEtcd(ServerCallContext context) => !context.Method.StartsWith("/grpc.", StringComparison.Ordinal);

    private void Refuse()
    {
        if (member.IsLearner)
        {
            throw new RpcException(MembershipErrors.LearnerMayNot);
        }
    }
}
