using Grpc.Core;
using Grpc.Core.Interceptors;

namespace Veche.Server.Integrity;

/// <summary>Stands before every method that shows or needs the state: a member that cannot trust its own says so, and its clients go to another one.</summary>
internal sealed class QuarantineGate(StateGuard guard) : Interceptor
{
    /// <summary>What an operator needs in order to see what is the matter, and what is not about the data.</summary>
    private static readonly HashSet<string> Open =
    [
        "/etcdserverpb.Maintenance/Status",
        "/etcdserverpb.Maintenance/MoveLeader",
    ];

    public override Task<TResponse> UnaryServerHandler<TRequest, TResponse>(TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        return guard.Reason is null ? AnswerAsync() : RefuseUnlessOpen();

        // What was read before the state was found wrong must not leave after it.
        async Task<TResponse> AnswerAsync()
        {
            TResponse response = await continuation(request, context).ConfigureAwait(false);
            ThrowUnlessOpen(context);
            return response;
        }

        Task<TResponse> RefuseUnlessOpen()
        {
            ThrowUnlessOpen(context);
            return continuation(request, context);
        }
    }

    public override Task<TResponse> ClientStreamingServerHandler<TRequest, TResponse>(IAsyncStreamReader<TRequest> requestStream, ServerCallContext context, ClientStreamingServerMethod<TRequest, TResponse> continuation)
    {
        ThrowUnlessOpen(context);
        return continuation(requestStream, context);
    }

    public override Task ServerStreamingServerHandler<TRequest, TResponse>(TRequest request, IServerStreamWriter<TResponse> responseStream, ServerCallContext context, ServerStreamingServerMethod<TRequest, TResponse> continuation)
    {
        ThrowUnlessOpen(context);
        return continuation(request, responseStream, context);
    }

    public override Task DuplexStreamingServerHandler<TRequest, TResponse>(IAsyncStreamReader<TRequest> requestStream, IServerStreamWriter<TResponse> responseStream, ServerCallContext context, DuplexStreamingServerMethod<TRequest, TResponse> continuation)
    {
        ThrowUnlessOpen(context);
        return continuation(requestStream, responseStream, context);
    }

    private void ThrowUnlessOpen(ServerCallContext context)
    {
        if (guard.Reason is not null && !context.Method.StartsWith("/grpc.", StringComparison.Ordinal) && !Open.Contains(context.Method))
        {
            throw Errors.Quarantined();
        }
    }
}
