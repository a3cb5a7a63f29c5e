using System.Buffers;
using System.Text.Json;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Veche.Server.Gateway;

/// <summary>The methods of the services as handlers of HTTP requests, behind the same interceptors as over gRPC.</summary>
internal sealed class GatewayMethods(Interceptor[] interceptors, GatewayLimits limits) : ServiceBinderBase
{
    /// <summary>Who posts one request to watch goes on listening: the end of the body is not the end of the watch.</summary>
    private const string WatchMethod = "/etcdserverpb.Watch/Watch";

    private readonly Dictionary<string, RequestDelegate> _handlers = new(StringComparer.Ordinal);

    public RequestDelegate? Find(string fullName) => _handlers.GetValueOrDefault(fullName);

    public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, UnaryServerMethod<TRequest, TResponse>? handler)
    {
        UnaryServerMethod<TRequest, TResponse> guarded = interceptors.Reverse().Aggregate(
            handler!, static (inner, interceptor) => (request, context) => interceptor.UnaryServerHandler(request, context, inner));
        MessageDescriptor descriptor = DescriptorOf(method.RequestMarshaller);
        _handlers[method.FullName] = http => RunAsync(http, async () =>
        {
            using JsonDocument? body = await Messages(http).NextAsync(http.RequestAborted).ConfigureAwait(false);
            TRequest request = body is null ? Empty<TRequest>(descriptor) : GatewayJson.Parse<TRequest>(body.RootElement, descriptor);
            var context = new GatewayCallContext(http, method.FullName);
            TResponse response;
            try
            {
                response = await guarded(request, context).ConfigureAwait(false);
            }
            finally
            {
                context.WriteTrailers();
            }

            GatewayJson.Write(http.Response.BodyWriter, (IMessage)response, asResult: false);
        });
    }

    public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, ServerStreamingServerMethod<TRequest, TResponse>? handler)
    {
        ServerStreamingServerMethod<TRequest, TResponse> guarded = interceptors.Reverse().Aggregate(
            handler!, static (inner, interceptor) => (request, responses, context) => interceptor.ServerStreamingServerHandler(request, responses, context, inner));
        MessageDescriptor descriptor = DescriptorOf(method.RequestMarshaller);
        _handlers[method.FullName] = http => RunAsync(http, async () =>
        {
            using JsonDocument? body = await Messages(http).NextAsync(http.RequestAborted).ConfigureAwait(false);
            TRequest request = body is null ? Empty<TRequest>(descriptor) : GatewayJson.Parse<TRequest>(body.RootElement, descriptor);
            await guarded(request, new Responses<TResponse>(http), new GatewayCallContext(http, method.FullName)).ConfigureAwait(false);
        });
    }

    public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, DuplexStreamingServerMethod<TRequest, TResponse>? handler)
    {
        DuplexStreamingServerMethod<TRequest, TResponse> guarded = interceptors.Reverse().Aggregate(
            handler!, static (inner, interceptor) => (requests, responses, context) => interceptor.DuplexStreamingServerHandler(requests, responses, context, inner));
        MessageDescriptor descriptor = DescriptorOf(method.RequestMarshaller);
        _handlers[method.FullName] = http => RunAsync(http, async () =>
        {
            http.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
            await guarded(new Requests<TRequest>(Messages(http), descriptor, staysOpen: method.FullName == WatchMethod), new Responses<TResponse>(http), new GatewayCallContext(http, method.FullName)).ConfigureAwait(false);
        });
    }

    private JsonMessages Messages(HttpContext http) => new(http.Request.BodyReader, limits.MaxBodyBytes);

    private async Task RunAsync(HttpContext http, Func<Task> call)
    {
        http.Response.ContentType = "application/json";
        try
        {
            using IDisposable place = await limits.EnterAsync(http.RequestAborted).ConfigureAwait(false);
            await call().ConfigureAwait(false);
        }
        catch (RpcException exception)
        {
            await FailAsync(http, exception.Status).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException && http.RequestAborted.IsCancellationRequested)
        {
            // The client is gone.
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            await FailAsync(http, new Status(StatusCode.Unknown, exception.Message)).ConfigureAwait(false);
        }
    }

    private static async Task FailAsync(HttpContext http, Status status)
    {
        bool inStream = http.Response.HasStarted;
        if (!inStream)
        {
            http.Response.StatusCode = GatewayJson.HttpStatusOf(status.StatusCode);
        }

        GatewayJson.WriteError(http.Response.BodyWriter, status, inStream);
        await http.Response.BodyWriter.FlushAsync(http.RequestAborted).ConfigureAwait(false);
    }

    /// <summary>What an empty message says of its kind.</summary>
    private static MessageDescriptor DescriptorOf<TRequest>(Marshaller<TRequest> marshaller) => ((IMessage)marshaller.ContextualDeserializer(new NoPayload())!).Descriptor;

    private static TRequest Empty<TRequest>(MessageDescriptor descriptor) => (TRequest)descriptor.Parser.ParseFrom(ByteString.Empty);

    /// <summary>The bytes of an empty message: none.</summary>
    private sealed class NoPayload : DeserializationContext
    {
        public override int PayloadLength => 0;

        public override byte[] PayloadAsNewBuffer() => [];

        public override ReadOnlySequence<byte> PayloadAsReadOnlySequence() => ReadOnlySequence<byte>.Empty;
    }

    private sealed class Requests<TRequest>(JsonMessages messages, MessageDescriptor descriptor, bool staysOpen) : IAsyncStreamReader<TRequest>
        where TRequest : class
    {
        public TRequest Current { get; private set; } = null!;

        public async Task<bool> MoveNext(CancellationToken cancellationToken)
        {
            using JsonDocument? next = await messages.NextAsync(cancellationToken).ConfigureAwait(false);
            if (next is null)
            {
                if (staysOpen)
                {
                    await Task.Delay(Timeout.Infinite, cancellationToken).ConfigureAwait(false);
                }

                return false;
            }

            Current = GatewayJson.Parse<TRequest>(next.RootElement, descriptor);
            return true;
        }
    }

    private sealed class Responses<TResponse>(HttpContext http) : IServerStreamWriter<TResponse>
    {
        public WriteOptions? WriteOptions { get; set; }

        public Task WriteAsync(TResponse message) => WriteAsync(message, http.RequestAborted);

        public async Task WriteAsync(TResponse message, CancellationToken cancellationToken)
        {
            GatewayJson.Write(http.Response.BodyWriter, (IMessage)message!, asResult: true);
            http.Response.BodyWriter.Write("\n"u8);
            await http.Response.BodyWriter.FlushAsync(cancellationToken).ConfigureAwait(false);
        }
    }
}
