using Grpc.Core;
using Grpc.Core.Interceptors;
using Veche.Api;
using Veche.Api.Members;
using Veche.Server.Membership;

namespace Veche.Server.Services;

/// <summary>What a witness serves: how it is, and who the members are. Everything else is refused, also what somebody adds later; it has nothing to answer with, and does not know who may ask.</summary>
internal sealed class WitnessLimits(MemberContext member) : Interceptor
{
    public override Task<TResponse> UnaryServerHandler<TRequest, TResponse>(TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        Refuse(request is StatusRequest or MemberListRequest or DescribeRequest, context);
        return continuation(request, context);
    }

    public override Task<TResponse> ClientStreamingServerHandler<TRequest, TResponse>(IAsyncStreamReader<TRequest> requestStream, ServerCallContext context, ClientStreamingServerMethod<TRequest, TResponse> continuation)
    {
        Refuse(isOpen: false, context);
        return continuation(requestStream, context);
    }

    public override Task ServerStreamingServerHandler<TRequest, TResponse>(TRequest request, IServerStreamWriter<TResponse> responseStream, ServerCallContext context, ServerStreamingServerMethod<TRequest, TResponse> continuation)
    {
        Refuse(isOpen: false, context);
        return continuation(request, responseStream, context);
    }

    public override Task DuplexStreamingServerHandler<TRequest, TResponse>(IAsyncStreamReader<TRequest> requestStream, IServerStreamWriter<TResponse> responseStream, ServerCallContext context, DuplexStreamingServerMethod<TRequest, TResponse> continuation)
    {
        Refuse(isOpen: false, context);
        return continuation(requestStream, responseStream, context);
    }

    private void Refuse(bool isOpen, ServerCallContext context)
    {
        // gRPC's own: health.
        if (member.IsWitness && !isOpen && !context.Method.StartsWith("/grpc.", StringComparison.Ordinal))
        {
            throw new RpcException(MembershipErrors.WitnessMayNot);
        }
    }
}
