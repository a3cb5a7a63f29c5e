using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Grpc.Net.Client;

namespace Veche.Cli.Client;

/// <summary>Channels to single members, with the certificates of the settings.</summary>
internal static class Channels
{
    private static readonly TimeSpan MostToConnect = TimeSpan.FromSeconds(2);

    public static GrpcChannel Open(string endpoint, ConnectionSettings settings) => GrpcChannel.ForAddress(endpoint, new GrpcChannelOptions
    {
        HttpHandler = new SocketsHttpHandler
        {
            ConnectTimeout = settings.Timeout < MostToConnect ? settings.Timeout : MostToConnect,

            // A watch may be silent for hours: this is how it learns that the other side is gone.
            KeepAlivePingDelay = TimeSpan.FromSeconds(10),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(5),
            SslOptions = Tls(settings),
        },
        DisposeHttpClient = true,
        MaxReceiveMessageSize = null,
        MaxSendMessageSize = null,
    });

    private static SslClientAuthenticationOptions Tls(ConnectionSettings settings)
    {
        var options = new SslClientAuthenticationOptions();
        try
        {
            if (settings is { CertificateFile: { } certificate, KeyFile: { } key })
            {
                options.ClientCertificates = [X509Certificate2.CreateFromPemFile(certificate, key)];
            }

            if (settings.AuthorityFile is { } authorities)
            {
                options.CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
                options.CertificateChainPolicy.CustomTrustStore.ImportFromPemFile(authorities);
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new CommandFailedException(ExitCode.Usage, $"cannot read the TLS files: {exception.Message}");
        }

        if (settings.SkipVerification)
        {
#pragma warning disable CA5359 // That is what the option asks for.
            options.RemoteCertificateValidationCallback = static (_, _, _, _) => true;
#pragma warning restore CA5359
        }

        return options;
    }
}
