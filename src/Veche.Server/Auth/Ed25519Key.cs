using System.Security.Cryptography;
using Microsoft.IdentityModel.Tokens;
using Org.BouncyCastle.Crypto;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Crypto.Signers;
using Org.BouncyCastle.Security;

namespace Veche.Server.Auth;

/// <summary>
/// A key for EdDSA over Ed25519 (RFC 8037), which .NET has not: the arithmetic is Bouncy Castle's. Public, and private when it also signs.
/// </summary>
internal sealed class Ed25519Key : AsymmetricSecurityKey
{
    /// <summary>The method by its name in the standard.</summary>
    public const string Method = "EdDSA";

    private const int Bits = 256;
    private const int SignatureBytes = 64;

    private readonly Ed25519PublicKeyParameters _public;
    private readonly Ed25519PrivateKeyParameters? _private;

    private Ed25519Key(Ed25519PublicKeyParameters publicKey, Ed25519PrivateKeyParameters? privateKey)
    {
        _public = publicKey;
        _private = privateKey;
        CryptoProviderFactory = new CryptoProviderFactory { CustomCryptoProvider = new Provider(), CacheSignatureProviders = false };
    }

    /// <inheritdoc/>
    public override int KeySize => Bits;

    /// <inheritdoc/>
    [Obsolete("HasPrivateKey method is deprecated, please use PrivateKeyStatus.")]
    public override bool HasPrivateKey => _private is not null;

    /// <inheritdoc/>
    public override PrivateKeyStatus PrivateKeyStatus => _private is null ? PrivateKeyStatus.DoesNotExist : PrivateKeyStatus.Exists;

    /// <summary>A public key from PEM: SubjectPublicKeyInfo (RFC 8410).</summary>
    /// <exception cref="CryptographicException">It is none.</exception>
    public static Ed25519Key FromPublicPem(string pem) =>
        Decode(pem, "PUBLIC KEY", PublicKeyFactory.CreateKey) is Ed25519PublicKeyParameters key ? new Ed25519Key(key, null) : throw NotEd25519();

    /// <summary>A private key from PEM: PKCS #8 (RFC 8410).</summary>
    /// <exception cref="CryptographicException">It is none.</exception>
    public static Ed25519Key FromPrivatePem(string pem) =>
        Decode(pem, "PRIVATE KEY", PrivateKeyFactory.CreateKey) is Ed25519PrivateKeyParameters key ? new Ed25519Key(key.GeneratePublicKey(), key) : throw NotEd25519();

    /// <summary>True when both are halves of one pair.</summary>
    public bool IsPairOf(Ed25519Key other) => _public.GetEncoded().AsSpan().SequenceEqual(other._public.GetEncoded());

    private static AsymmetricKeyParameter Decode(string pem, string label, Func<byte[], AsymmetricKeyParameter> decode)
    {
        PemFields fields = PemEncoding.Find(pem);
        if (!pem.AsSpan(fields.Label).SequenceEqual(label))
        {
            throw new CryptographicException($"the PEM is a {pem[fields.Label]}, not a {label}");
        }

        try
        {
            return decode(Convert.FromBase64String(pem[fields.Base64Data]));
        }
        catch (Exception exception) when (exception is IOException or SecurityUtilityException or InvalidOperationException)
        {
            throw new CryptographicException(exception.Message, exception);
        }
    }

    private static CryptographicException NotEd25519() => new("the key is not one for Ed25519");

    private sealed class Provider : ICryptoProvider
    {
        public bool IsSupportedAlgorithm(string algorithm, params object[] args) => algorithm == Method && args.Length > 0 && args[0] is Ed25519Key;

        public object Create(string algorithm, params object[] args) => new Signatures((Ed25519Key)args[0], algorithm);

        public void Release(object cryptoInstance) => ((IDisposable)cryptoInstance).Dispose();
    }

    private sealed class Signatures(Ed25519Key key, string algorithm) : SignatureProvider(key, algorithm)
    {
        public override byte[] Sign(byte[] input) => Sign(input, 0, input.Length);

        public override byte[] Sign(byte[] input, int offset, int count)
        {
            var signer = new Ed25519Signer();
            signer.Init(true, key._private ?? throw new CryptographicException("the key only checks"));
            signer.BlockUpdate(input, offset, count);
            return signer.GenerateSignature();
        }

        public override bool Sign(ReadOnlySpan<byte> data, Span<byte> destination, out int bytesWritten)
        {
            bytesWritten = 0;
            if (destination.Length < SignatureBytes)
            {
                return false;
            }

            byte[] signature = Sign(data.ToArray());
            signature.CopyTo(destination);
            bytesWritten = signature.Length;
            return true;
        }

        public override bool Verify(byte[] input, byte[] signature) => Verify(input, 0, input.Length, signature, 0, signature.Length);

        public override bool Verify(byte[] input, int inputOffset, int inputLength, byte[] signature, int signatureOffset, int signatureLength)
        {
            if (signatureLength != SignatureBytes)
            {
                return false;
            }

            var signer = new Ed25519Signer();
            signer.Init(false, key._public);
            signer.BlockUpdate(input, inputOffset, inputLength);
            return signer.VerifySignature(signature.AsSpan(signatureOffset, signatureLength).ToArray());
        }

        protected override void Dispose(bool disposing)
        {
            // It holds nothing.
        }
    }
}
