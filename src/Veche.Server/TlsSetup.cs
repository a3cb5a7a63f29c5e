using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Veche.Hosting;
using Veche.Server.Options;

namespace Veche.Server;

/// <summary>Certificates from files, and judgements about the other side's.</summary>
internal static class TlsSetup
{
    /// <exception cref="ServerStartException">A file cannot be read or is no certificate.</exception>
    public static HttpsConnectionAdapterOptions ForClients(TlsFiles files)
    {
        RemoteCertificateValidationCallback validate = Validator(files);
        return new HttpsConnectionAdapterOptions
        {
            ServerCertificate = Load(files),
            ClientCertificateMode = files.RequireClientCertificate ? ClientCertificateMode.RequireCertificate : ClientCertificateMode.NoCertificate,
            ClientCertificateValidation = (certificate, chain, errors) => validate(files, certificate, chain, errors),
        };
    }

    /// <exception cref="ServerStartException">A file cannot be read or is no certificate.</exception>
    public static PeerTls ForPeers(TlsFiles files) => new(Load(files), Validator(files));

    private static X509Certificate2 Load(TlsFiles files)
    {
        try
        {
            return X509Certificate2.CreateFromPemFile(files.CertificateFile, files.KeyFile);
        }
        catch (Exception exception) when (exception is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new ServerStartException($"the certificate {files.CertificateFile} with key {files.KeyFile} cannot be used: {exception.Message}", exception);
        }
    }

    private static RemoteCertificateValidationCallback Validator(TlsFiles files)
    {
        if (files.TrustedCaFile is not { } path)
        {
            return static (_, _, _, errors) => errors == SslPolicyErrors.None;
        }

        var trusted = new X509Certificate2Collection();
        try
        {
            trusted.ImportFromPemFile(path);
        }
        catch (Exception exception) when (exception is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new ServerStartException($"the CA file {path} cannot be used: {exception.Message}", exception);
        }

        return (_, certificate, _, errors) =>
        {
            // The name is checked by the stack; only who signed it is ours to say.
            if (certificate is not X509Certificate2 shown || (errors & ~SslPolicyErrors.RemoteCertificateChainErrors) != 0)
            {
                return false;
            }

            using var chain = new X509Chain();
            chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            chain.ChainPolicy.CustomTrustStore.AddRange(trusted);
            chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
            return chain.Build(shown);
        };
    }
}
