using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Veche.Server.Audit;

/// <summary>What a line of an audit trail is about.</summary>
public enum AuditLineKind
{
    /// <summary>The first of a file: whose trail it is, and the hash of the line before, which is in the file before.</summary>
    Head,

    /// <summary>One entry of the log.</summary>
    Entry,

    /// <summary>Entries that this member has never seen one by one.</summary>
    Gap,
}

/// <summary>
/// A line of an audit trail: a JSON object that ends with a hash of itself and of the hash of the line before, so that no line can be changed, left out or put in
/// without every later hash being wrong.
/// </summary>
public sealed record AuditLine
{
    /// <summary>What the first line of all follows.</summary>
    public static readonly string NoHash = new('0', 64);

    private const string HashName = ",\"hash\":\"";
    private const int TailLength = 64 + 2;

    /// <summary>What it is about.</summary>
    public required AuditLineKind Kind { get; init; }

    /// <summary>Index of the entry, or the first of the gap; 0 for a head.</summary>
    public long From { get; init; }

    /// <summary>Index of the entry, or the last of the gap; 0 for a head.</summary>
    public long Through { get; init; }

    /// <summary>What is said of the entry or gap, as it stands there. For entries it is the same in every member's trail.</summary>
    public required string Content { get; init; }

    /// <summary>Why entries of a gap are not there; empty for others.</summary>
    public string Why { get; init; } = string.Empty;

    /// <summary>The revision of the keys after the entry, where it was known.</summary>
    public long? Revision { get; init; }

    /// <summary>Why the entry changed nothing, if it was refused and that was known.</summary>
    public string? Refused { get; init; }

    /// <summary>When the line was written, by this member's clock.</summary>
    public DateTimeOffset Time { get; init; }

    /// <summary>Cluster and member of a head, as it stands there.</summary>
    public (string Cluster, string Member) Owner { get; init; }

    /// <summary>For a head: the hash of the line before it.</summary>
    public string? Previous { get; init; }

    /// <summary>Its own.</summary>
    public required string Hash { get; init; }

    /// <summary>Puts the hash to a line that lacks only that. <paramref name="open"/> is the object without its closing brace.</summary>
    internal static string Close(string open, string previous) => $"{open}{HashName}{HashOf(open, previous)}\"}}";

    /// <summary>Reads a line and checks its hash.</summary>
    /// <param name="text">Without its end of line.</param>
    /// <param name="previous">The hash of the line before; null for the first line of a file, which says itself what it follows.</param>
    /// <exception cref="InvalidDataException">It is no such line, or its hash is not right.</exception>
    public static AuditLine Parse(string text, string? previous)
    {
        int end = text.LastIndexOf(HashName, StringComparison.Ordinal);
        if (end < 0 || text.Length != end + HashName.Length + TailLength)
        {
            throw new InvalidDataException("it does not end with a hash");
        }

        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            AuditLine line = Of(document.RootElement);
            if (line.Kind != AuditLineKind.Head && previous is null)
            {
                throw new InvalidDataException("a file must begin with whose trail it is");
            }

            if (line.Kind == AuditLineKind.Head && previous is not null && line.Previous != previous)
            {
                throw new InvalidDataException("it does not follow the line before it: lines are missing, or were added");
            }

            return HashOf(text[..end], line.Previous ?? previous!) == line.Hash
                ? line
                : throw new InvalidDataException("its hash is wrong: it was changed, or lines before it are missing, changed or added");
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new InvalidDataException("it is no line of an audit trail", exception);
        }
    }

    private static AuditLine Of(JsonElement root)
    {
        string hash = root.GetProperty("hash").GetString()!;
        DateTimeOffset time = root.GetProperty("time").GetDateTimeOffset();
        if (root.TryGetProperty("entry", out JsonElement entry))
        {
            long index = entry.GetProperty("index").GetInt64();
            return new AuditLine
            {
                Kind = AuditLineKind.Entry,
                From = index,
                Through = index,
                Content = entry.GetRawText(),
                Revision = root.TryGetProperty("revision", out JsonElement revision) ? revision.GetInt64() : null,
                Refused = root.TryGetProperty("refused", out JsonElement refused) ? refused.GetString() : null,
                Time = time,
                Hash = hash,
            };
        }

        if (root.TryGetProperty("gap", out JsonElement gap))
        {
            return new AuditLine { Kind = AuditLineKind.Gap, From = gap.GetProperty("from").GetInt64(), Through = gap.GetProperty("through").GetInt64(), Content = gap.GetRawText(), Why = gap.GetProperty("why").GetString()!, Time = time, Hash = hash };
        }

        JsonElement head = root.GetProperty("trail");
        int format = head.GetProperty("format").GetInt32();
        return format != AuditText.Format
            ? throw new InvalidDataException(string.Create(CultureInfo.InvariantCulture, $"it is of format {format}, and this version reads {AuditText.Format}"))
            : new AuditLine { Kind = AuditLineKind.Head, Content = head.GetRawText(), Owner = (head.GetProperty("cluster").GetString()!, head.GetProperty("member").GetString()!), Previous = head.GetProperty("previous").GetString(), Time = time, Hash = hash };
    }

    private static string HashOf(string open, string previous) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(previous + open)));
}
