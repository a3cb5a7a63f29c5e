using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace Veche.Server.Http;

/// <summary>http and https on one port, as etcd has it: a connection that begins like a TLS handshake is one.</summary>
internal static class SchemeSniffer
{
    private const byte TlsHandshakeRecord = 0x16;

    public static void UseHttpsWhenAsked(this ListenOptions listen, TlsHandshakeCallbackOptions tls)
    {
        // Each Use wraps what is added after it, and is handed that when all have been added: the one after UseHttps tells the one before it the way around.
        ConnectionDelegate? withoutTls = null;
        listen.Use(next => async connection =>
        {
            ConnectionDelegate way = await BeginsWithHandshakeAsync(connection.Transport.Input, connection.ConnectionClosed).ConfigureAwait(false) ? next : withoutTls!;
            await way(connection).ConfigureAwait(false);
        });
        listen.UseHttps(tls);
        listen.Use(next =>
        {
            withoutTls = next;
            return next;
        });
    }

    private static async Task<bool> BeginsWithHandshakeAsync(PipeReader input, CancellationToken cancellationToken)
    {
        try
        {
            ReadResult read = await input.ReadAsync(cancellationToken).ConfigureAwait(false);
            bool verdict = !read.Buffer.IsEmpty && read.Buffer.FirstSpan[0] == TlsHandshakeRecord;
            input.AdvanceTo(read.Buffer.Start);
            return verdict;
        }
        catch (Exception exception) when (exception is OperationCanceledException or ConnectionAbortedException or ConnectionResetException or IOException)
        {
            return false;
        }
    }
}
