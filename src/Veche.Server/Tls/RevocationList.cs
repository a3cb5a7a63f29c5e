using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Text;

namespace Veche.Server.Tls;

/// <summary>The serial numbers on a certificate revocation list (RFC 5280, section 5.1), PEM or DER.</summary>
internal sealed class RevocationList
{
    private readonly HashSet<string> _serials;

    private RevocationList(HashSet<string> serials) => _serials = serials;

    /// <exception cref="CryptographicException">No list.</exception>
    /// <exception cref="AsnContentException">No list.</exception>
    public static RevocationList Parse(byte[] file)
    {
        byte[] der = file;
        if (PemEncoding.TryFind(Encoding.ASCII.GetString(file), out PemFields fields))
        {
            der = Convert.FromBase64String(Encoding.ASCII.GetString(file)[fields.Base64Data]);
        }

        AsnReader list = new AsnReader(der, AsnEncodingRules.DER).ReadSequence().ReadSequence();
        if (list.PeekTag().HasSameClassAndValue(Asn1Tag.Integer))
        {
            list.ReadInteger();
        }

        // Algorithm, issuer, this update and perhaps the next one come before what is revoked.
        list.ReadSequence();
        list.ReadSequence();
        list.ReadEncodedValue();
        if (list.HasData && (list.PeekTag().HasSameClassAndValue(Asn1Tag.UtcTime) || list.PeekTag().HasSameClassAndValue(Asn1Tag.GeneralizedTime)))
        {
            list.ReadEncodedValue();
        }

        HashSet<string> serials = new(StringComparer.Ordinal);
        if (list.HasData && list.PeekTag().HasSameClassAndValue(Asn1Tag.Sequence))
        {
            AsnReader revoked = list.ReadSequence();
            while (revoked.HasData)
            {
                serials.Add(Normal(revoked.ReadSequence().ReadIntegerBytes().Span));
            }
        }

        return new RevocationList(serials);
    }

    /// <param name="serial">Big-endian.</param>
    public bool Contains(ReadOnlySpan<byte> serial) => _serials.Contains(Normal(serial));

    private static string Normal(ReadOnlySpan<byte> serial) => Convert.ToHexString(serial.TrimStart((byte)0));
}
