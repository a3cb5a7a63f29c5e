using System.Buffers;
using System.IO.Pipelines;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Veche.Server.Http;

/// <summary>
/// gRPC without TLS and HTTP/1.1 on one port, as etcd has it. Kestrel chooses between them by what TLS has negotiated; without TLS this looks at the
/// first bytes, which HTTP/2 begins with a fixed preface, and tells Kestrel the same way.
/// </summary>
internal static class HttpTwoSniffer
{
    private static ReadOnlySpan<byte> Preface => "PRI * HTTP/2.0"u8;

    public static void UseHttpTwoSniffer(this ListenOptions listen)
    {
        listen.Use(next => async connection =>
        {
            // Where TLS has spoken already, it has said what is spoken; but the authority may need repair all the same.
            if (connection.Features.Get<ITlsConnectionFeature>() is not null)
            {
                if (connection.Features.Get<ITlsApplicationProtocolFeature>()?.ApplicationProtocol.Span.SequenceEqual("h2"u8) == true)
                {
                    connection.Transport = new RepairedTransport(connection.Transport);
                }
            }
            else if (await BeginsWithPrefaceAsync(connection.Transport.Input, connection.ConnectionClosed).ConfigureAwait(false))
            {
                var negotiated = new Negotiated();
                connection.Features.Set<ITlsApplicationProtocolFeature>(negotiated);
                connection.Features.Set<ITlsConnectionFeature>(negotiated);
                connection.Transport = new RepairedTransport(connection.Transport);
            }

            await next(connection).ConfigureAwait(false);
        });
    }

    private static async Task<bool> BeginsWithPrefaceAsync(PipeReader input, CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                ReadResult read = await input.ReadAsync(cancellationToken).ConfigureAwait(false);
                bool? verdict = Judge(read.Buffer);
                if (verdict is not null || read.IsCompleted)
                {
                    // Nothing is consumed: whoever comes next reads it all again.
                    input.AdvanceTo(read.Buffer.Start);
                    return verdict ?? false;
                }

                input.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or ConnectionAbortedException or ConnectionResetException or IOException)
        {
            return false;
        }
    }

    private static bool? Judge(ReadOnlySequence<byte> buffer)
    {
        Span<byte> start = stackalloc byte[Preface.Length];
        int length = (int)Math.Min(buffer.Length, Preface.Length);
        buffer.Slice(0, length).CopyTo(start);
        return !start[..length].SequenceEqual(Preface[..length]) ? false
            : length == Preface.Length ? true
            : null;
    }

    private sealed class Negotiated : ITlsApplicationProtocolFeature, ITlsConnectionFeature
    {
        public ReadOnlyMemory<byte> ApplicationProtocol { get; } = "h2"u8.ToArray();

        public X509Certificate2? ClientCertificate { get; set; }

        public Task<X509Certificate2?> GetClientCertificateAsync(CancellationToken cancellationToken) => Task.FromResult<X509Certificate2?>(null);
    }
}
