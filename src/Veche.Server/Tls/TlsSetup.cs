using System.Security.Cryptography;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Veche.Hosting;
using Veche.Server.Options;

namespace Veche.Server.Tls;

/// <summary>TLS towards clients and members, from files that are looked at anew with every connection.</summary>
internal static class TlsSetup
{
    private static readonly Oid ServerAuthentication = new("1.3.6.1.5.5.7.3.1");
    private static readonly Oid ClientAuthentication = new("1.3.6.1.5.5.7.3.2");

    /// <exception cref="ServerStartException">A file cannot be read or is no certificate.</exception>
    public static TlsHandshakeCallbackOptions ForClients(TlsFiles files, Action<string>? trouble = null)
    {
        var source = new TlsSource(files, trouble);
        CipherSuitesPolicy? ciphers = CipherSuites.PolicyFor(files.CipherSuites);
        return new TlsHandshakeCallbackOptions
        {
            OnConnection = _ =>
            {
                SslServerAuthenticationOptions options = ServerSide(files, source.Current, ciphers);
                options.ApplicationProtocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11];
                return ValueTask.FromResult(options);
            },
        };
    }

    /// <exception cref="ServerStartException">A file cannot be read or is no certificate.</exception>
    public static PeerTls ForPeers(TlsFiles files, Action<string>? trouble = null)
    {
        var source = new TlsSource(files, trouble);
        CipherSuitesPolicy? ciphers = CipherSuites.PolicyFor(files.CipherSuites);
        return new PeerTls(() => ServerSide(files, source.Current, ciphers), host => ClientSide(files, source.Current, ciphers, host));
    }

    private static SslServerAuthenticationOptions ServerSide(TlsFiles files, TlsMaterial material, CipherSuitesPolicy? ciphers) => new()
    {
        ServerCertificateContext = material.Context,
        ClientCertificateRequired = files.RequireClientCertificate,
        CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        EnabledSslProtocols = files.Protocols,
        CipherSuitesPolicy = ciphers,
        RemoteCertificateValidationCallback = (_, certificate, _, _) =>
            !files.RequireClientCertificate
            || (certificate is X509Certificate2 shown && material.Trusts(shown, ClientAuthentication) && IsAllowed(files, shown) && !material.IsRevoked(shown)),
    };

    private static SslClientAuthenticationOptions ClientSide(TlsFiles files, TlsMaterial material, CipherSuitesPolicy? ciphers, string host) => new()
    {
        TargetHost = host,
        ClientCertificateContext = material.Context,
        CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        EnabledSslProtocols = files.Protocols,
        CipherSuitesPolicy = ciphers,
        RemoteCertificateValidationCallback = (_, certificate, _, errors) =>

            // Certificates that members made themselves say nothing about who they are: as in etcd, they only hide what is said.
            files.IsSelfSigned
            || (certificate is X509Certificate2 shown
                && (errors & ~(SslPolicyErrors.RemoteCertificateChainErrors | NameErrorsThatAreOurs(files))) == 0
                && (files.TrustedCaFile is null ? errors == SslPolicyErrors.None : material.Trusts(shown, ServerAuthentication))
                && IsAllowed(files, shown)
                && !material.IsRevoked(shown)),
    };

    /// <summary>Where a name or a hostname is required of every member, that name is what counts, and not the address it was reached at: so etcd has it.</summary>
    private static SslPolicyErrors NameErrorsThatAreOurs(TlsFiles files) =>
        files.AllowedCommonName is not null || files.AllowedHostname is not null ? SslPolicyErrors.RemoteCertificateNameMismatch : SslPolicyErrors.None;

    private static bool IsAllowed(TlsFiles files, X509Certificate2 shown) =>
        (files.AllowedCommonName is not { } name || shown.GetNameInfo(X509NameType.SimpleName, forIssuer: false) == name)
        && (files.AllowedHostname is not { } host || shown.MatchesHostname(host));
}
