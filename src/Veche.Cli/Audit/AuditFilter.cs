using System.Text;
using System.Text.Json;
using Veche.Server.Audit;

namespace Veche.Cli.Audit;

/// <summary>Which lines of a trail somebody wants to see.</summary>
/// <param name="prefix">Of keys; null for all.</param>
/// <param name="user">Who asked; null for anybody.</param>
/// <param name="from">First index.</param>
internal sealed class AuditFilter(string? prefix, string? user, long from)
{
    private readonly byte[]? _prefix = prefix is null ? null : Encoding.UTF8.GetBytes(prefix);

    public bool Takes(AuditLine line)
    {
        if (line.Kind == AuditLineKind.Head || line.Through < from)
        {
            return false;
        }

        if (line.Kind == AuditLineKind.Gap || (_prefix is null && user is null))
        {
            // What is not known to have left a key alone is shown.
            return true;
        }

        using JsonDocument document = JsonDocument.Parse(line.Content);
        JsonElement entry = document.RootElement;
        return (user is null || (entry.TryGetProperty("user", out JsonElement asked) && asked.GetString() == user))
            && (_prefix is null || Touches(entry));
    }

    private bool Touches(JsonElement told) => told.ValueKind switch
    {
        JsonValueKind.Object => (BytesOf(told, "key") is { } key && Overlaps(key, BytesOf(told, "range_end"))) || told.EnumerateObject().Any(property => Touches(property.Value)),
        JsonValueKind.Array => told.EnumerateArray().Any(Touches),
        _ => false,
    };

    /// <summary>One key, or [key, end), where an end of one zero byte is none; against all keys with the prefix.</summary>
    private bool Overlaps(byte[] key, byte[]? end)
    {
        ReadOnlySpan<byte> wanted = _prefix;
        if (key.AsSpan().StartsWith(wanted))
        {
            return true;
        }

        return end is not null && key.AsSpan().SequenceCompareTo(wanted) <= 0 && (end is [0] || wanted.SequenceCompareTo(end) < 0);
    }

    private static byte[]? BytesOf(JsonElement told, string name) =>
        told.TryGetProperty(name, out JsonElement text) ? Encoding.UTF8.GetBytes(text.GetString()!)
        : told.TryGetProperty(name + "_base64", out JsonElement coded) ? coded.GetBytesFromBase64()
        : null;
}
