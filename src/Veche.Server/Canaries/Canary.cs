using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Google.Protobuf;

namespace Veche.Server.Canaries;

/// <summary>A value of which everything is known: what was written can be told from what is read without having kept it.</summary>
internal static class Canary
{
    private const int PayloadHashes = 4;

    /// <summary>The value that a member writes as its n-th.</summary>
    public static ByteString Make(ulong cluster, ulong member, long number, DateTimeOffset time)
    {
        string start = string.Create(CultureInfo.InvariantCulture, $"{{\"canary\":1,\"cluster\":\"{cluster:x}\",\"member\":\"{member:x}\",\"number\":{number},\"time\":\"{time.UtcDateTime:O}\"");
        return ByteString.CopyFromUtf8($"{start},\"payload\":\"{PayloadOf(start)}\"}}");
    }

    /// <summary>The number of a whole canary of that member; null for anything else.</summary>
    public static long? NumberOf(ByteString value, ulong cluster, ulong member)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(value.Memory);
            JsonElement root = document.RootElement;
            long number = root.GetProperty("number").GetInt64();
            DateTimeOffset time = root.GetProperty("time").GetDateTimeOffset();
            return Make(cluster, member, number, time) == value ? number : null;
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return null;
        }
    }

    /// <summary>Enough bytes that damage to a block of the disk is likely to hit some of them, and none that can be guessed from the others.</summary>
    private static string PayloadOf(string start)
    {
        var payload = new StringBuilder(PayloadHashes * 64);
        byte[] hash = Encoding.UTF8.GetBytes(start);
        for (int i = 0; i < PayloadHashes; i++)
        {
            hash = SHA256.HashData(hash);
            payload.Append(Convert.ToHexStringLower(hash));
        }

        return payload.ToString();
    }
}
