using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.IdentityModel.Tokens;
using Veche.Server.Options;

namespace Veche.Server.Auth;

/// <summary>Keys from files, of the kind that a method needs and no other: a public key must never serve as the secret of another method.</summary>
/// <param name="Check">Checks tokens.</param>
/// <param name="Sign">Makes them; null for a member that only checks.</param>
internal sealed record JwtKeys(SecurityKey Check, SecurityKey? Sign)
{
    /// <exception cref="OptionException">A file cannot be read, is no key, or is not one for the method.</exception>
    public static JwtKeys Load(JwtSettings settings)
    {
        try
        {
            return settings.Method switch
            {
                SecurityAlgorithms.RsaSha256 or SecurityAlgorithms.RsaSha384 or SecurityAlgorithms.RsaSha512
                    or SecurityAlgorithms.RsaSsaPssSha256 or SecurityAlgorithms.RsaSsaPssSha384 or SecurityAlgorithms.RsaSsaPssSha512 => Rsa(settings),
                SecurityAlgorithms.EcdsaSha256 => EllipticCurve(settings, 256),
                SecurityAlgorithms.EcdsaSha384 => EllipticCurve(settings, 384),
                SecurityAlgorithms.EcdsaSha512 => EllipticCurve(settings, 521),
                Ed25519Key.Method => EdwardsCurve(settings),
                SecurityAlgorithms.HmacSha256 or SecurityAlgorithms.HmacSha384 or SecurityAlgorithms.HmacSha512 => Secret(settings),
                _ => throw new OptionException($"--auth-token=jwt has sign-method={settings.Method}; it should be RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA, HS256, HS384 or HS512"),
            };
        }
        catch (Exception exception) when (exception is CryptographicException or ArgumentException)
        {
            throw new OptionException($"--auth-token=jwt: {settings.PrivateKeyFile ?? settings.PublicKeyFile} has no key for {settings.Method}: {exception.Message}");
        }
    }

    private static JwtKeys Rsa(JwtSettings settings)
    {
        RSA? open = null;
        RSA? secret = null;
        if (settings.PublicKeyFile is { } publicKey)
        {
            string pem = Read(publicKey);
            open = IsCertificate(pem) ? X509Certificate2.CreateFromPem(pem).GetRSAPublicKey() ?? throw NotFor(settings, publicKey) : ImportRsa(pem);
        }

        if (settings.PrivateKeyFile is { } privateKey)
        {
            secret = ImportRsa(Read(privateKey));
            open ??= RSA.Create(secret.ExportParameters(includePrivateParameters: false));
            RefuseUnlessSame(secret.ExportSubjectPublicKeyInfo(), open.ExportSubjectPublicKeyInfo());
        }

        return new JwtKeys(new RsaSecurityKey(open ?? throw Missing(settings)), secret is null ? null : new RsaSecurityKey(secret));
    }

    private static RSA ImportRsa(string pem)
    {
        var key = RSA.Create();
        key.ImportFromPem(pem);
        return key;
    }

    private static JwtKeys EllipticCurve(JwtSettings settings, int bits)
    {
        ECDsa? open = null;
        ECDsa? secret = null;
        if (settings.PublicKeyFile is { } publicKey)
        {
            string pem = Read(publicKey);
            open = IsCertificate(pem) ? X509Certificate2.CreateFromPem(pem).GetECDsaPublicKey() ?? throw NotFor(settings, publicKey) : ImportEllipticCurve(pem);
        }

        if (settings.PrivateKeyFile is { } privateKey)
        {
            secret = ImportEllipticCurve(Read(privateKey));
            open ??= ECDsa.Create(secret.ExportParameters(includePrivateParameters: false));
            RefuseUnlessSame(secret.ExportSubjectPublicKeyInfo(), open.ExportSubjectPublicKeyInfo());
        }

        return (open ?? throw Missing(settings)).KeySize == bits
            ? new JwtKeys(new ECDsaSecurityKey(open), secret is null ? null : new ECDsaSecurityKey(secret))
            : throw NotFor(settings, (settings.PublicKeyFile ?? settings.PrivateKeyFile)!);
    }

    private static ECDsa ImportEllipticCurve(string pem)
    {
        var key = ECDsa.Create();
        key.ImportFromPem(pem);
        return key;
    }

    private static JwtKeys EdwardsCurve(JwtSettings settings)
    {
        Ed25519Key? open = settings.PublicKeyFile is { } publicKey ? Ed25519Key.FromPublicPem(Read(publicKey)) : null;
        Ed25519Key? secret = settings.PrivateKeyFile is { } privateKey ? Ed25519Key.FromPrivatePem(Read(privateKey)) : null;
        if (open is not null && secret is not null && !secret.IsPairOf(open))
        {
            throw NotTogether();
        }

        return new JwtKeys(open ?? secret ?? throw Missing(settings), secret);
    }

    /// <summary>The whole file is the secret, as in etcd.</summary>
    private static JwtKeys Secret(JwtSettings settings)
    {
        byte[] secret = ReadBytes(settings.PrivateKeyFile ?? throw Missing(settings));
        int least = int.Parse(settings.Method.AsSpan(2), System.Globalization.CultureInfo.InvariantCulture) / 8;
        if (secret.Length < least)
        {
            throw new OptionException($"--auth-token=jwt: the secret in {settings.PrivateKeyFile} has {secret.Length} bytes; {settings.Method} needs at least {least}");
        }

        var key = new SymmetricSecurityKey(secret);
        return new JwtKeys(key, key);
    }

    private static bool IsCertificate(string pem) => pem.Contains("-----BEGIN CERTIFICATE-----", StringComparison.Ordinal);

    private static void RefuseUnlessSame(byte[] left, byte[] right)
    {
        if (!left.AsSpan().SequenceEqual(right))
        {
            throw NotTogether();
        }
    }

    private static OptionException NotTogether() => new("--auth-token=jwt: pub-key and priv-key do not belong together");

    private static OptionException Missing(JwtSettings settings) => new($"--auth-token=jwt with sign-method={settings.Method} needs priv-key=FILE{(settings.Method.StartsWith("HS", StringComparison.Ordinal) ? string.Empty : ", or pub-key=FILE to only check tokens")}");

    private static OptionException NotFor(JwtSettings settings, string path) => new($"--auth-token=jwt: the key in {path} is not one for {settings.Method}");

    private static string Read(string path) => System.Text.Encoding.UTF8.GetString(ReadBytes(path));

    private static byte[] ReadBytes(string path)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new OptionException($"--auth-token=jwt: the key {path} cannot be read: {exception.Message}");
        }
    }
}
