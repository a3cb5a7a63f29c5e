using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Veche.Server.Options;

namespace Veche.Server.Tls;

/// <summary>Certificates that a member makes for itself (<c>--auto-tls</c>, <c>--peer-auto-tls</c>): they keep what is said from listeners, and prove nothing about who says it.</summary>
internal static class SelfSigned
{
    /// <summary>The same settings, with the certificates that a member should make for itself.</summary>
    /// <exception cref="ServerStartException">The directory cannot be used.</exception>
    public static ServerOptions With(ServerOptions options) => options with
    {
        ClientTls = options.ClientTls is { IsSelfSigned: true } client
            ? Ensure(Path.Combine(options.DataDirectory, "fixtures", "client"), options.ListenClientUrls.Select(static url => url.IdnHost.Trim('[', ']')), client.SelfSignedYears, client)
            : options.ClientTls,
        PeerTls = options.PeerTls is { IsSelfSigned: true } peer
            ? Ensure(Path.Combine(options.DataDirectory, "fixtures", "peer"), options.ListenPeerUrls.Select(static url => url.IdnHost.Trim('[', ']')), peer.SelfSignedYears, peer)
            : options.PeerTls,
    };

    /// <summary>Makes a certificate, or finds the one made before.</summary>
    /// <param name="directory">Where it is kept.</param>
    /// <param name="hosts">Names and addresses it is for.</param>
    /// <param name="validYears">How long.</param>
    /// <param name="settings">What else was asked for.</param>
    /// <exception cref="ServerStartException">The directory cannot be used.</exception>
    public static TlsFiles Ensure(string directory, IEnumerable<string> hosts, int validYears, TlsFiles settings)
    {
        string certificatePath = Path.Combine(directory, "cert.pem");
        string keyPath = Path.Combine(directory, "key.pem");
        try
        {
            if (!IsUsable(certificatePath, keyPath))
            {
                Directory.CreateDirectory(directory);
                Write(certificatePath, keyPath, hosts, validYears);
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new ServerStartException($"a certificate cannot be made in {directory}: {exception.Message}", exception);
        }

        return settings with { CertificateFile = certificatePath, KeyFile = keyPath, IsSelfSigned = true };
    }

    private static bool IsUsable(string certificatePath, string keyPath)
    {
        if (!File.Exists(certificatePath) || !File.Exists(keyPath))
        {
            return false;
        }

        using var known = X509Certificate2.CreateFromPemFile(certificatePath, keyPath);
        return known.NotAfter > DateTime.Now;
    }

    private static void Write(string certificatePath, string keyPath, IEnumerable<string> hosts, int validYears)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("O=veche", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        foreach (string host in hosts.Distinct(StringComparer.Ordinal))
        {
            if (IPAddress.TryParse(host, out IPAddress? address))
            {
                names.AddIpAddress(address);
            }
            else
            {
                names.AddDnsName(host);
            }
        }

        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyEncipherment, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1"), new Oid("1.3.6.1.5.5.7.3.2")], critical: false));
        DateTimeOffset now = DateTimeOffset.UtcNow;
        using X509Certificate2 certificate = request.CreateSelfSigned(now.AddMinutes(-5), now.AddYears(validYears));
        File.WriteAllText(certificatePath, certificate.ExportCertificatePem());
        if (!OperatingSystem.IsWindows() && !File.Exists(keyPath))
        {
            // Readable for nobody else from its first byte on.
            using FileStream made = new(keyPath, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite });
        }

        File.WriteAllText(keyPath, key.ExportPkcs8PrivateKeyPem());
    }
}
