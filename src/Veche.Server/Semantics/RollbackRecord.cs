using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Veche.Server.Semantics;

/// <summary>
/// One write that was rolled back: a line of a rollback file. Keys and values stand as text where they are text, so that a person can read them,
/// and in base64 where they are not.
/// </summary>
public sealed record RollbackRecord
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private static readonly RollbackJson Json = new(new JsonSerializerOptions
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
    });

    /// <summary>Where it was in the log.</summary>
    public required long Index { get; init; }

    /// <summary>The term of the leader that put it there.</summary>
    public required long Term { get; init; }

    /// <summary>When it was rolled back on this member, by its clock.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>The member whose client wrote it, in hexadecimal.</summary>
    public required string Origin { get; init; }

    /// <summary>How it was to be acknowledged.</summary>
    public required string Concern { get; init; }

    /// <summary>Whether it had been: yes, no, or unknown to this member.</summary>
    public required string Acknowledged { get; init; }

    /// <summary>Whether it is gone: yes, or unknown, when a snapshot took the place of this member's log and may hold it.</summary>
    public required string Lost { get; init; }

    /// <summary>Why: <c>conflict</c> with another leader's entries, or a <c>snapshot</c>.</summary>
    public required string Cause { get; init; }

    /// <summary>What it was: put, delete_range, txn, …</summary>
    public required string Kind { get; init; }

    /// <summary>The key, as text.</summary>
    public string? Key { get; init; }

    /// <summary>The key, where it is no text.</summary>
    public byte[]? KeyBase64 { get; init; }

    /// <summary>End of the range of a delete, as text.</summary>
    public string? RangeEnd { get; init; }

    /// <summary>The same, where it is no text.</summary>
    public byte[]? RangeEndBase64 { get; init; }

    /// <summary>The value of a put, as text.</summary>
    public string? Value { get; init; }

    /// <summary>The same, where it is no text.</summary>
    public byte[]? ValueBase64 { get; init; }

    /// <summary>The lease of a put.</summary>
    public long? Lease { get; init; }

    /// <summary>The key's mod_revision on this member when it was rolled back, 0 for none: what writing it again should find.</summary>
    public long? ModRevision { get; init; }

    /// <summary>The whole command, where it is neither a put nor a delete.</summary>
    public byte[]? CommandBase64 { get; init; }

    /// <summary>The key's bytes.</summary>
    [JsonIgnore]
    public byte[] KeyBytes => BytesOf(Key, KeyBase64);

    /// <summary>The range end's bytes; empty for a single key.</summary>
    [JsonIgnore]
    public byte[] RangeEndBytes => BytesOf(RangeEnd, RangeEndBase64);

    /// <summary>The value's bytes.</summary>
    [JsonIgnore]
    public byte[] ValueBytes => BytesOf(Value, ValueBase64);

    /// <summary>One line.</summary>
    public string ToLine() => JsonSerializer.Serialize(this, Json.RollbackRecord);

    /// <summary>Reads a rollback file.</summary>
    /// <exception cref="InvalidDataException">A line is none of these; the message says which.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static IReadOnlyList<RollbackRecord> ReadFile(string path)
    {
        List<RollbackRecord> records = [];
        int number = 0;
        foreach (string line in File.ReadLines(path))
        {
            number++;
            try
            {
                records.Add(JsonSerializer.Deserialize(line, Json.RollbackRecord) ?? throw new JsonException("nothing is there"));
            }
            catch (JsonException exception)
            {
                throw new InvalidDataException(string.Create(CultureInfo.InvariantCulture, $"{path}, line {number} is no line of a rollback file: {exception.Message}"), exception);
            }
        }

        return records;
    }

    /// <summary>Bytes as text where they are text without control characters; otherwise null.</summary>
    internal static string? TextOf(ReadOnlySpan<byte> bytes)
    {
        try
        {
            string text = Strict.GetString(bytes);
            return text.Any(char.IsControl) ? null : text;
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }

    private static byte[] BytesOf(string? text, byte[]? bytes) => text is not null ? Strict.GetBytes(text) : bytes ?? [];
}

/// <summary>How a line is written; made when this is compiled, without reflection.</summary>
[JsonSerializable(typeof(RollbackRecord))]
internal sealed partial class RollbackJson : JsonSerializerContext;
