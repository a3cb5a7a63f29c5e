using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Veche.Server.Options;

namespace Veche.Server.Tls;

/// <summary>What the files held when they were read together.</summary>
internal sealed class TlsMaterial
{
    private readonly X509Certificate2Collection? _trusted;
    private readonly RevocationList? _revoked;

    private TlsMaterial(SslStreamCertificateContext context, X509Certificate2Collection? trusted, RevocationList? revoked)
    {
        Context = context;
        _trusted = trusted;
        _revoked = revoked;
    }

    /// <summary>The certificate, with its key and those that the file names after it.</summary>
    public SslStreamCertificateContext Context { get; }

    /// <exception cref="ServerStartException">A file cannot be read, or is not what it should be.</exception>
    public static TlsMaterial Load(TlsFiles files)
    {
        SslStreamCertificateContext context = Try(
            () =>
            {
                var certificate = X509Certificate2.CreateFromPemFile(files.CertificateFile, files.KeyFile);
                var chain = new X509Certificate2Collection();
                chain.ImportFromPemFile(files.CertificateFile);
                chain.RemoveAt(0);
                return SslStreamCertificateContext.Create(certificate, chain, offline: true);
            },
            $"the certificate {files.CertificateFile} with key {files.KeyFile}");
        X509Certificate2Collection? trusted = files.TrustedCaFile is not { } path ? null : Try(
            () =>
            {
                var collection = new X509Certificate2Collection();
                collection.ImportFromPemFile(path);
                return collection.Count > 0 ? collection : throw new CryptographicException("it has no certificate in it");
            },
            $"the CA file {path}");
        RevocationList? revoked = files.RevocationFile is not { } list ? null : Try(() => RevocationList.Parse(File.ReadAllBytes(list)), $"the revocation list {list}");
        return new TlsMaterial(context, trusted, revoked);
    }

    /// <summary>Signed by whom we trust, in time, and meant for this purpose.</summary>
    public bool Trusts(X509Certificate2 shown, Oid purpose)
    {
        if (_trusted is null)
        {
            return false;
        }

        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(_trusted);
        chain.ChainPolicy.ExtraStore.AddRange(_trusted);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.ApplicationPolicy.Add(purpose);
        chain.ChainPolicy.DisableCertificateDownloads = true;
        return chain.Build(shown);
    }

    /// <summary>On the revocation list.</summary>
    public bool IsRevoked(X509Certificate2 shown) => _revoked is not null && _revoked.Contains(shown.SerialNumberBytes.Span);

    private static T Try<T>(Func<T> load, string what)
    {
        try
        {
            return load();
        }
        catch (Exception exception) when (exception is CryptographicException or IOException or UnauthorizedAccessException or System.Formats.Asn1.AsnContentException)
        {
            throw new ServerStartException($"{what} cannot be used: {exception.Message}", exception);
        }
    }
}
