using Grpc.Core;
using Grpc.Core.Interceptors;
using Veche.Server.Services;

namespace Veche.Server.Http;

/// <summary>Counts calls and their messages, before anything may refuse them.</summary>
internal sealed class CallCounter(CallMetrics metrics) : Interceptor
{
    public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        CallMetrics.Method method = Begin(MethodType.Unary, context);
        method.Received(request);
        StatusCode code = StatusCode.Unknown;
        try
        {
            TResponse response = await continuation(request, context).ConfigureAwait(false);
            code = context.Status.StatusCode;
            method.Sent(response, LargeAnswer.SentBytes(context));
            return response;
        }
        catch (RpcException exception)
        {
            code = exception.StatusCode;
            throw;
        }
        catch (OperationCanceledException) when (context.CancellationToken.IsCancellationRequested)
        {
            code = StatusCode.Cancelled;
            throw;
        }
        finally
        {
            method.End(code);
        }
    }

    public override Task<TResponse> ClientStreamingServerHandler<TRequest, TResponse>(IAsyncStreamReader<TRequest> requestStream, ServerCallContext context, ClientStreamingServerMethod<TRequest, TResponse> continuation)
    {
        CallMetrics.Method method = Begin(MethodType.ClientStreaming, context);
        return CountedAsync(method, context, () => continuation(new Reader<TRequest>(requestStream, method), context));
    }

    public override Task ServerStreamingServerHandler<TRequest, TResponse>(TRequest request, IServerStreamWriter<TResponse> responseStream, ServerCallContext context, ServerStreamingServerMethod<TRequest, TResponse> continuation)
    {
        CallMetrics.Method method = Begin(MethodType.ServerStreaming, context);
        method.Received(request);
        return CountedAsync(method, context, () => Ended(continuation(request, new Writer<TResponse>(responseStream, method), context)));
    }

    public override Task DuplexStreamingServerHandler<TRequest, TResponse>(IAsyncStreamReader<TRequest> requestStream, IServerStreamWriter<TResponse> responseStream, ServerCallContext context, DuplexStreamingServerMethod<TRequest, TResponse> continuation)
    {
        CallMetrics.Method method = Begin(MethodType.DuplexStreaming, context);
        return CountedAsync(method, context, () => Ended(continuation(new Reader<TRequest>(requestStream, method), new Writer<TResponse>(responseStream, method), context)));
    }

    private CallMetrics.Method Begin(MethodType type, ServerCallContext context)
    {
        metrics.CountRequest(type != MethodType.Unary, context.RequestHeaders.GetValue("client-api-version"));
        return metrics.Begin(context.Method, type);
    }

    private static async Task<bool> Ended(Task call)
    {
        await call.ConfigureAwait(false);
        return true;
    }

    private static async Task<T> CountedAsync<T>(CallMetrics.Method method, ServerCallContext context, Func<Task<T>> call)
    {
        StatusCode code = StatusCode.Unknown;
        var end = new End(method);

        // A call has ended when its client is gone, whatever still has to be tidied up: who scrapes next should find it.
        using CancellationTokenRegistration gone = context.CancellationToken.UnsafeRegister(static state => ((End)state!).With(StatusCode.Cancelled), end);
        try
        {
            T result = await call().ConfigureAwait(false);
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
            end.With(code);
        }
    }

    /// <summary>The end of one call, that is counted once.</summary>
    private sealed class End(CallMetrics.Method method)
    {
        private int _counted;

        public void With(StatusCode code)
        {
            if (Interlocked.Exchange(ref _counted, 1) == 0)
            {
                method.End(code);
            }
        }
    }

    private sealed class Reader<T>(IAsyncStreamReader<T> inner, CallMetrics.Method method) : IAsyncStreamReader<T>
    {
        public T Current => inner.Current;

        public async Task<bool> MoveNext(CancellationToken cancellationToken)
        {
            bool more = await inner.MoveNext(cancellationToken).ConfigureAwait(false);
            if (more)
            {
                method.Received(inner.Current);
            }

            return more;
        }
    }

    private sealed class Writer<T>(IServerStreamWriter<T> inner, CallMetrics.Method method) : IServerStreamWriter<T>
    {
        public WriteOptions? WriteOptions
        {
            get => inner.WriteOptions;
            set => inner.WriteOptions = value;
        }

        public Task WriteAsync(T message)
        {
            method.Sent(message);
            return inner.WriteAsync(message);
        }

        public Task WriteAsync(T message, CancellationToken cancellationToken)
        {
            method.Sent(message);
            return inner.WriteAsync(message, cancellationToken);
        }
    }
}
