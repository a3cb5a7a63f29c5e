using Google.Protobuf;
using Veche.Api;

namespace Veche.Server.Semantics;

/// <summary>What reads are that do not say it themselves: by prefix of their keys, else the server's default.</summary>
public sealed class ReadRules
{
    private readonly List<(byte[] Prefix, ReadConcern Concern)> _rules = [];

    /// <summary>Everything is linearizable, as in etcd.</summary>
    public static readonly ReadRules None = new(ReadConcern.Linearizable);

    /// <summary>Rules without prefixes.</summary>
    public ReadRules(ReadConcern otherwise) => Otherwise = otherwise;

    /// <summary>Where no prefix fits.</summary>
    public ReadConcern Otherwise { get; }

    /// <summary>True when every read is linearizable anyway.</summary>
    public bool IsPlain => _rules.Count == 0 && Otherwise == ReadConcern.Linearizable;

    /// <summary>Every concern that is named.</summary>
    public IEnumerable<ReadConcern> Concerns => _rules.Select(static rule => rule.Concern).Append(Otherwise);

    /// <summary>Reads rules of the form <c>prefix=concern;prefix=concern</c>.</summary>
    /// <exception cref="FormatException">They make no sense.</exception>
    public static ReadRules Parse(string rules, string otherwise)
    {
        var parsed = new ReadRules(otherwise.Length == 0 ? ReadConcern.Linearizable : ReadConcern.Parse(otherwise));
        foreach (string rule in rules.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            int equals = rule.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
            {
                throw new FormatException($"'{rule}' should be PREFIX=CONCERN");
            }

            byte[] prefix = System.Text.Encoding.UTF8.GetBytes(rule[..equals]);
            if (parsed._rules.Exists(other => other.Prefix.AsSpan().SequenceEqual(prefix)))
            {
                throw new FormatException($"there are two rules for '{rule[..equals]}'");
            }

            parsed._rules.Add((prefix, ReadConcern.Parse(rule[(equals + 1)..])));
        }

        // The longest prefix first: the first that fits is the one that means the key most closely.
        parsed._rules.Sort(static (left, right) => right.Prefix.Length.CompareTo(left.Prefix.Length));
        return parsed;
    }

    /// <summary>The concern of a range of keys: of all rules that have a key in it, the strictest, so that nobody reads a key more loosely by reading others with it.</summary>
    public ReadConcern For(ByteString key, ByteString rangeEnd)
    {
        ReadConcern? strictest = null;
        ReadConcern covering = Otherwise;
        bool isCovered = false;
        foreach ((byte[] prefix, ReadConcern concern) in _rules)
        {
            if (Covers(prefix, key.Span, rangeEnd.Span))
            {
                if (!isCovered)
                {
                    (covering, isCovered) = (concern, true);
                }
            }
            else if (Touches(prefix, key.Span, rangeEnd.Span))
            {
                strictest = strictest is { } before ? ReadConcern.Stricter(before, concern) : concern;
            }
        }

        return strictest is { } inside ? ReadConcern.Stricter(inside, covering) : covering;
    }

    /// <summary>The strictest of all that a transaction reads.</summary>
    public ReadConcern For(TxnRequest request)
    {
        ReadConcern? strictest = null;
        foreach (Compare compare in request.Compare)
        {
            Add(For(compare.Key, compare.RangeEnd));
        }

        foreach (RequestOp operation in request.Success.Concat(request.Failure))
        {
            if (operation.RequestRange is { } range)
            {
                Add(For(range.Key, range.RangeEnd));
            }
            else if (operation.RequestTxn is { } nested)
            {
                Add(For(nested));
            }
        }

        return strictest ?? Otherwise;

        void Add(ReadConcern concern) => strictest = strictest is { } before ? ReadConcern.Stricter(before, concern) : concern;
    }

    /// <summary>Every key of the range begins with the prefix.</summary>
    private static bool Covers(ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> key, ReadOnlySpan<byte> end)
    {
        if (!key.StartsWith(prefix))
        {
            return false;
        }

        // The range ends at or before the first key behind all that begin with the prefix; one byte of 0 means that it never ends.
        return end.IsEmpty || (!(end.Length == 1 && end[0] == 0) && (end.StartsWith(prefix) || IsEndOf(prefix, end)));
    }

    private static bool IsEndOf(ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> end)
    {
        byte[] next = prefix.ToArray();
        for (int i = next.Length - 1; i >= 0; i--)
        {
            if (next[i] != 0xFF)
            {
                next[i]++;
                return end.SequenceEqual(next.AsSpan(0, i + 1));
            }
        }

        return false;
    }

    /// <summary>Some key with the prefix is in the range.</summary>
    private static bool Touches(ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> key, ReadOnlySpan<byte> end)
    {
        if (end.IsEmpty)
        {
            return key.StartsWith(prefix);
        }

        bool isOpen = end.Length == 1 && end[0] == 0;
        bool beginsBeforeItEnds = isOpen || prefix.SequenceCompareTo(end) < 0;
        bool endsAfterItBegins = key.SequenceCompareTo(prefix) <= 0 || key.StartsWith(prefix);
        return beginsBeforeItEnds && endsAfterItBegins;
    }
}
