using Google.Protobuf;

namespace Veche.Client;

/// <summary>Which keys: one, those with a prefix, those from one to before another, or all.</summary>
/// <param name="Start">The first.</param>
/// <param name="End">The one after the last; empty for the first alone; a zero byte for all after it.</param>
public readonly record struct KeyRange(Bytes Start, Bytes End)
{
    /// <summary>All keys.</summary>
    public static KeyRange All { get; } = new(new byte[] { 0 }, new byte[] { 0 });

    /// <summary>One key.</summary>
    public static implicit operator KeyRange(string key) => Of(key);

    /// <summary>One key.</summary>
    public static KeyRange Of(Bytes key) => new(key, default);

    /// <summary>The keys that begin with these bytes; with none, all.</summary>
    public static KeyRange Prefix(Bytes prefix)
    {
        if (prefix.Length == 0)
        {
            return All;
        }

        byte[] end = prefix.Memory.ToArray();
        for (int i = end.Length - 1; i >= 0; i--)
        {
            if (end[i] < 0xFF)
            {
                end[i]++;
                return new KeyRange(prefix, new Bytes(ByteString.CopyFrom(end, 0, i + 1)));
            }
        }

        return new KeyRange(prefix, new byte[] { 0 });
    }

    /// <summary>One key; the name for languages without conversions.</summary>
    public static KeyRange FromString(string key) => key;
}

/// <summary>How much of a range, and as of when.</summary>
public sealed record RangeOptions
{
    /// <summary>Most keys. Default 0: all.</summary>
    public long Limit { get; init; }

    /// <summary>As of this revision. Default 0: now.</summary>
    public long Revision { get; init; }

    /// <summary>Without the values. Default false.</summary>
    public bool KeysOnly { get; init; }

    /// <summary>Only how many. Default false.</summary>
    public bool CountOnly { get; init; }
}
