using Grpc.Core;
using Grpc.Core.Interceptors;

namespace Veche.Server.Http;

/// <summary>Counts calls, before anything may refuse them.</summary>
internal sealed class CallCounter(CallMetrics metrics) : Interceptor
{
    public override Task<TResponse> UnaryServerHandler<TRequest, TResponse>(TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation) =>
        CountedAsync(MethodType.Unary, context, continuation(request, context));

    public override Task<TResponse> ClientStreamingServerHandler<TRequest, TResponse>(IAsyncStreamReader<TRequest> requestStream, ServerCallContext context, ClientStreamingServerMethod<TRequest, TResponse> continuation) =>
        CountedAsync(MethodType.ClientStreaming, context, continuation(requestStream, context));

    public override Task ServerStreamingServerHandler<TRequest, TResponse>(TRequest request, IServerStreamWriter<TResponse> responseStream, ServerCallContext context, ServerStreamingServerMethod<TRequest, TResponse> continuation) =>
        CountedAsync(MethodType.ServerStreaming, context, Ended(continuation(request, responseStream, context)));

    public override Task DuplexStreamingServerHandler<TRequest, TResponse>(IAsyncStreamReader<TRequest> requestStream, IServerStreamWriter<TResponse> responseStream, ServerCallContext context, DuplexStreamingServerMethod<TRequest, TResponse> continuation) =>
        CountedAsync(MethodType.DuplexStreaming, context, Ended(continuation(requestStream, responseStream, context)));

    private static async Task<bool> Ended(Task call)
    {
        await call.ConfigureAwait(false);
        return true;
    }

    private async Task<T> CountedAsync<T>(MethodType type, ServerCallContext context, Task<T> call)
    {
        CallMetrics.Method method = metrics.Begin(context.Method, type);
        StatusCode code = StatusCode.Unknown;
        try
        {
            T result = await call.ConfigureAwait(false);
            code = context.Status.StatusCode;
            return result;
        }
        catch (RpcException exception)
        {
            code = exception.StatusCode;
            throw;
        }
        finally
        {
            // A stream that ends because its client is gone ends without an error here.
            method.End(context.CancellationToken.IsCancellationRequested && code is (StatusCode.OK or StatusCode.Unknown) ? StatusCode.Cancelled : code);
        }
    }
}
