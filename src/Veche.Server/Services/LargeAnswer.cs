using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Veche.Store;

namespace Veche.Server.Services;

/// <summary>
/// Sends the one message of a unary call as it is made, no faster than the client takes it, so that its length costs no memory. gRPC's own way is to make
/// all of it first; so the bytes go out here, and what the call then returns goes nowhere. The status and the trailers are gRPC's as always.
/// </summary>
internal static class LargeAnswer
{
    private const int PieceBytes = 64 << 10;
    private const int PrefixBytes = 5;
    private static readonly object SentKey = new();

    /// <summary>What this has sent as the answer to a call, in bytes; 0 when it was not asked to.</summary>
    public static long SentBytes(ServerCallContext context) => context.UserState.TryGetValue(SentKey, out object? sent) ? (long)sent! : 0;

    /// <exception cref="RpcException">The message is longer than a message can be.</exception>
    /// <exception cref="OperationCanceledException">The client is gone, or the token says so.</exception>
    public static async Task SendAsync(RangeMessage message, ServerCallContext context, CancellationToken cancellationToken)
    {
        long length = message.Measure();
        if (length > int.MaxValue)
        {
            throw new RpcException(new Status(StatusCode.ResourceExhausted, $"grpc: trying to send message larger than max ({length} vs. {int.MaxValue})"));
        }

        HttpContext http = context.GetHttpContext();
        PipeWriter body = http.Response.BodyWriter;
        WritePrefix(body, (uint)length);
        bool more;
        do
        {
            more = message.WriteNext(body, PieceBytes);
            if ((await body.FlushAsync(cancellationToken).ConfigureAwait(false)).IsCompleted)
            {
                throw new OperationCanceledException("the client is gone");
            }
        }
        while (more);
        http.Features.Set<IHttpResponseBodyFeature>(new Said(http.Features.GetRequiredFeature<IHttpResponseBodyFeature>()));
        context.UserState[SentKey] = length;
    }

    /// <summary>Not compressed, and the length.</summary>
    private static void WritePrefix(IBufferWriter<byte> body, uint length)
    {
        Span<byte> prefix = body.GetSpan(PrefixBytes);
        prefix[0] = 0;
        BinaryPrimitives.WriteUInt32BigEndian(prefix[1..], length);
        body.Advance(PrefixBytes);
    }

    /// <summary>A body that is complete, and takes no more.</summary>
    private sealed class Said(IHttpResponseBodyFeature body) : IHttpResponseBodyFeature
    {
        public Stream Stream => Stream.Null;

        public PipeWriter Writer { get; } = PipeWriter.Create(Stream.Null);

        public Task CompleteAsync() => body.CompleteAsync();

        public void DisableBuffering() => body.DisableBuffering();

        public Task SendFileAsync(string path, long offset, long? count, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public Task StartAsync(CancellationToken cancellationToken = default) => body.StartAsync(cancellationToken);
    }
}
