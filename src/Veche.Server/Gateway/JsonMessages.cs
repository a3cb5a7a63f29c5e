using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json;
using Grpc.Core;

namespace Veche.Server.Gateway;

/// <summary>JSON texts one after the other, as they come in the body of a request.</summary>
internal sealed class JsonMessages(PipeReader body, long maxBytes)
{
    private static readonly JsonReaderOptions Options = new() { MaxDepth = 64 };

    /// <summary>The next one; null at the end of the body.</summary>
    /// <exception cref="RpcException">It is no JSON, or too long.</exception>
    public async Task<JsonDocument?> NextAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            ReadResult read = await body.ReadAsync(cancellationToken).ConfigureAwait(false);
            ReadOnlySequence<byte> rest = read.Buffer;
            JsonDocument? found;
            bool blank;
            try
            {
                found = Take(ref rest, read.IsCompleted, out blank);
            }
            catch (JsonException exception)
            {
                throw new RpcException(new Status(StatusCode.InvalidArgument, exception.Message));
            }

            if (found is not null)
            {
                body.AdvanceTo(rest.Start);
                return found;
            }

            if (read.IsCompleted)
            {
                body.AdvanceTo(read.Buffer.End);
                return blank ? null : throw new RpcException(new Status(StatusCode.InvalidArgument, "unexpected EOF"));
            }

            if (rest.Length > maxBytes)
            {
                throw new RpcException(new Status(StatusCode.InvalidArgument, "etcdserver: request is too large"));
            }

            body.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    private static JsonDocument? Take(ref ReadOnlySequence<byte> buffer, bool isFinal, out bool blank)
    {
        buffer = SkipSpace(buffer);
        blank = buffer.IsEmpty;
        if (blank)
        {
            return null;
        }

        // One text may be followed by the next: the reader stops at the end of the first.
        var reader = new Utf8JsonReader(buffer, isFinal, new JsonReaderState(Options));
        if (!JsonDocument.TryParseValue(ref reader, out JsonDocument? document))
        {
            return null;
        }

        buffer = buffer.Slice(reader.Position);
        return document;
    }

    private static ReadOnlySequence<byte> SkipSpace(ReadOnlySequence<byte> buffer)
    {
        long length = 0;
        foreach (ReadOnlyMemory<byte> part in buffer)
        {
            int space = part.Span.IndexOfAnyExcept(" \t\r\n"u8);
            if (space >= 0)
            {
                return buffer.Slice(length + space);
            }

            length += part.Length;
        }

        return buffer.Slice(buffer.End);
    }
}
