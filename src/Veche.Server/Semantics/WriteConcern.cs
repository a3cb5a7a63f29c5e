using System.Globalization;

namespace Veche.Server.Semantics;

/// <summary>What a write must have reached before it is answered, from the weakest on.</summary>
internal enum WriteLevel
{
    /// <summary><c>none</c>: the member that was asked has queued it.</summary>
    None,

    /// <summary><c>leader</c>: the leader has it in its log, in memory.</summary>
    Leader,

    /// <summary><c>leader+fsync</c>: the leader has it on disk.</summary>
    LeaderSynced,

    /// <summary><c>majority-memory</c>: a majority has it in memory.</summary>
    MajorityMemory,

    /// <summary>A number: so many voters have it on disk.</summary>
    Members,

    /// <summary><c>majority</c>: it is committed. The default.</summary>
    Majority,

    /// <summary><c>zones:N</c>: it is committed, and on disk in so many zones.</summary>
    Zones,

    /// <summary><c>any:K(names)</c>: it is committed, and on disk at so many of these members.</summary>
    AnyOf,

    /// <summary><c>all</c>: every voter has it on disk.</summary>
    All,
}

/// <summary>A write concern, as clients and settings name it. Equal texts are equal concerns.</summary>
/// <param name="Level">What must be reached.</param>
/// <param name="Count">How many members or zones; 0 where that is not asked.</param>
/// <param name="Names">The members of <c>any:K(names)</c>.</param>
/// <param name="Applied">Those who count must have applied it too (<c>+applied</c>).</param>
internal sealed record WriteConcern(WriteLevel Level, int Count, IReadOnlyList<string> Names, bool Applied)
{
    private const string Known = "none, leader, leader+fsync, majority-memory, majority, all, a number, zones:N or any:K(name,name), each but the first and the fourth with +applied if wanted";

    /// <summary>What is there without a wish.</summary>
    public static readonly WriteConcern Majority = new(WriteLevel.Majority, 0, [], false);

    /// <summary>Parses a concern.</summary>
    /// <exception cref="FormatException">It is none; the message says what there is.</exception>
    public static WriteConcern Parse(string text)
    {
        const string suffix = "+applied";
        string rest = text.Trim();
        bool applied = rest.EndsWith(suffix, StringComparison.Ordinal);
        if (applied)
        {
            rest = rest[..^suffix.Length];
        }

        WriteConcern concern = rest switch
        {
            "none" => new(WriteLevel.None, 0, [], applied),
            "leader" => new(WriteLevel.Leader, 0, [], applied),
            "leader+fsync" => new(WriteLevel.LeaderSynced, 0, [], applied),
            "majority-memory" => new(WriteLevel.MajorityMemory, 0, [], applied),
            "majority" => new(WriteLevel.Majority, 0, [], applied),
            "all" => new(WriteLevel.All, 0, [], applied),
            _ when rest.StartsWith("zones:", StringComparison.Ordinal) => new(WriteLevel.Zones, Number(rest["zones:".Length..], text), [], applied),
            _ when rest.StartsWith("any:", StringComparison.Ordinal) => AnyOf(rest["any:".Length..], applied, text),
            _ => new(WriteLevel.Members, Number(rest, text), [], applied),
        };
        return !applied || concern.Level is not (WriteLevel.None or WriteLevel.MajorityMemory)
            ? concern
            : throw new FormatException($"'{text}' contradicts itself: what is applied is committed before, which {rest} does not wait for; say majority+applied");
    }

    /// <inheritdoc/>
    public override string ToString() => Level switch
    {
        WriteLevel.None => "none",
        WriteLevel.Leader => "leader",
        WriteLevel.LeaderSynced => "leader+fsync",
        WriteLevel.MajorityMemory => "majority-memory",
        WriteLevel.Majority => "majority",
        WriteLevel.All => "all",
        WriteLevel.Zones => $"zones:{Count.ToString(CultureInfo.InvariantCulture)}",
        WriteLevel.AnyOf => $"any:{Count.ToString(CultureInfo.InvariantCulture)}({string.Join(',', Names)})",
        _ => Count.ToString(CultureInfo.InvariantCulture),
    } + (Applied ? "+applied" : string.Empty);

    private static WriteConcern AnyOf(string rest, bool applied, string text)
    {
        int open = rest.IndexOf('(', StringComparison.Ordinal);
        if (open <= 0 || !rest.EndsWith(')'))
        {
            throw Unknown(text);
        }

        string[] names = rest[(open + 1)..^1].Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        int count = Number(rest[..open], text);
        string? repeated = names.GroupBy(static name => name, StringComparer.Ordinal).FirstOrDefault(static same => same.Count() > 1)?.Key;
        return repeated is not null ? throw new FormatException($"'{text}' names {repeated} twice")
            : count > names.Length ? throw new FormatException($"'{text}' asks for {count} of {names.Length} members")
            : new WriteConcern(WriteLevel.AnyOf, count, names, applied);
    }

    private static int Number(string digits, string text) =>
        int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= 1 ? number : throw Unknown(text);

    private static FormatException Unknown(string text) => new($"'{text}' is no write concern; there are {Known}");
}
