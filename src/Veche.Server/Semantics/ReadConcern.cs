namespace Veche.Server.Semantics;

/// <summary>What a read may show, from the strictest down.</summary>
public enum ReadLevel
{
    /// <summary>Whatever was acknowledged before it began: a quorum confirms the leader (ReadIndex, thesis §6.4).</summary>
    Linearizable,

    /// <summary>The same while clocks keep to their bound: the leader answers from its lease (thesis §6.4.1).</summary>
    Lease,

    /// <summary>At least what the tokens name that came with it, whoever got them.</summary>
    Causal,

    /// <summary>At least what the client's own token names: its own writes, and nothing older than its last read.</summary>
    Session,

    /// <summary>Nothing older than a bound, in revisions, in milliseconds, or both.</summary>
    Bounded,

    /// <summary>Some committed state.</summary>
    Stale,
}

/// <summary>A level with its bounds, as a request, a rule or a flag names it.</summary>
/// <param name="Level">Which.</param>
/// <param name="MaxRevisions">For bounded: most revisions that may be missing; null without this bound.</param>
/// <param name="MaxAgeMs">For bounded: oldest state in milliseconds; null without this bound.</param>
/// <param name="Degrades">For bounded: served with a warning and its age where the bound cannot be kept, instead of refused. Default false.</param>
public readonly record struct ReadConcern(ReadLevel Level, long? MaxRevisions = null, long? MaxAgeMs = null, bool Degrades = false)
{
    /// <summary>What a read is when nobody says otherwise.</summary>
    public static readonly ReadConcern Linearizable = new(ReadLevel.Linearizable);

    /// <summary>Largest bound of either kind.</summary>
    public const long MaxBound = 1L << 40;

    private const string Known = "linearizable, lease, session, causal, bounded:revisions=N,ms=M (one or both; ',degrade' at the end to be served with a warning where the bound cannot be kept) or stale";

    /// <summary>Reads a concern.</summary>
    /// <exception cref="FormatException">It is none; the message says what there is.</exception>
    public static ReadConcern Parse(string text)
    {
        string level = text.Trim();
        switch (level)
        {
            case "linearizable":
                return Linearizable;
            case "lease":
                return new ReadConcern(ReadLevel.Lease);
            case "session":
                return new ReadConcern(ReadLevel.Session);
            case "causal":
                return new ReadConcern(ReadLevel.Causal);
            case "stale":
                return new ReadConcern(ReadLevel.Stale);
        }

        return level.StartsWith("bounded:", StringComparison.Ordinal)
            ? ParseBounds(text, level["bounded:".Length..])
            : throw new FormatException($"'{text}' is no read concern; there is {Known}");
    }

    /// <inheritdoc/>
    public override string ToString()
    {
        if (Level != ReadLevel.Bounded)
        {
            return Level.ToString().ToLowerInvariant();
        }

        List<string> bounds = [];
        if (MaxRevisions is { } revisions)
        {
            bounds.Add($"revisions={revisions}");
        }

        if (MaxAgeMs is { } ageMs)
        {
            bounds.Add($"ms={ageMs}");
        }

        if (Degrades)
        {
            bounds.Add("degrade");
        }

        return $"bounded:{string.Join(',', bounds)}";
    }

    /// <summary>The one that promises more; of two bounded ones, the tighter of each bound.</summary>
    public static ReadConcern Stricter(ReadConcern left, ReadConcern right)
    {
        if (left.Level != right.Level)
        {
            return left.Level < right.Level ? left : right;
        }

        return left with
        {
            MaxRevisions = Least(left.MaxRevisions, right.MaxRevisions),
            MaxAgeMs = Least(left.MaxAgeMs, right.MaxAgeMs),
            Degrades = left.Degrades && right.Degrades,
        };
    }

    private static long? Least(long? left, long? right) => left is null || right < left ? right ?? left : left;

    private static ReadConcern ParseBounds(string text, string bounds)
    {
        var concern = new ReadConcern(ReadLevel.Bounded);
        foreach (string part in bounds.Split(','))
        {
            concern = part.Trim().Split('=') switch
            {
                ["revisions", string number] when concern.MaxRevisions is null => concern with { MaxRevisions = Number(text, number) },
                ["ms", string number] when concern.MaxAgeMs is null => concern with { MaxAgeMs = Number(text, number) },
                ["degrade"] when !concern.Degrades => concern with { Degrades = true },
                _ => throw new FormatException($"'{text}' has '{part}'; a bounded read has revisions=N or ms=M, each once, and may have degrade"),
            };
        }

        return concern is { MaxRevisions: null, MaxAgeMs: null }
            ? throw new FormatException($"'{text}' has no bound; give revisions=N, ms=M, or both")
            : concern;
    }

    private static long Number(string text, string number) =>
        long.TryParse(number, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out long value) && value <= MaxBound
            ? value
            : throw new FormatException($"'{text}' has '{number}' where a whole number from 0 to {MaxBound} is expected");
}
