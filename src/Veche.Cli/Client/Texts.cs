using System.Globalization;
using System.Text;
using Google.Protobuf;

namespace Veche.Cli.Client;

/// <summary>Bytes as people read them.</summary>
internal static class Texts
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The text, or null when the bytes are none.</summary>
    public static string? Utf8(ByteString bytes)
    {
        try
        {
            return Strict.GetString(bytes.Span);
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }

    /// <summary>For a terminal: what could move the cursor, and what is no text, as \xNN.</summary>
    public static string Printable(ByteString bytes)
    {
        string? text = Utf8(bytes);
        var printable = new StringBuilder();
        if (text is null)
        {
            foreach (byte value in bytes.Span)
            {
                Append(printable, (char)value, value is >= 0x20 and < 0x7f);
            }
        }
        else
        {
            foreach (char character in text)
            {
                Append(printable, character, !char.IsControl(character));
            }
        }

        return printable.ToString();
    }

    /// <summary>For a shell: as it is where that is safe, else in single quotes.</summary>
    public static string Quote(ByteString bytes)
    {
        string text = Printable(bytes);
        return text.Length > 0 && text.All(static c => char.IsAsciiLetterOrDigit(c) || c is '/' or '-' or '_' or '.' or ':') ? text : $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";
    }

    /// <summary>An id as etcd prints it.</summary>
    public static string Id(ulong id) => id.ToString("x", CultureInfo.InvariantCulture);

    /// <summary>A lease as etcd prints it.</summary>
    public static string Lease(long id) => id.ToString("x16", CultureInfo.InvariantCulture);

    public static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static void Append(StringBuilder text, char character, bool isPlain)
    {
        if (isPlain)
        {
            text.Append(character);
        }
        else
        {
            text.Append(CultureInfo.InvariantCulture, $"\\x{(int)character:x2}");
        }
    }
}
