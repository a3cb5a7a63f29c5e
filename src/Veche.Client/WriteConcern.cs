using System.Globalization;

namespace Veche.Client;

/// <summary>When a write counts as acknowledged. The weaker it is, the sooner the answer, and the more a failure may take back.</summary>
public sealed record WriteConcern
{
    private WriteConcern(string text) => Text = text;

    /// <summary>Answered as soon as it is received; nothing is promised.</summary>
    public static WriteConcern None { get; } = new("none");

    /// <summary>The leader has it in memory.</summary>
    public static WriteConcern Leader { get; } = new("leader");

    /// <summary>The leader has it on disk.</summary>
    public static WriteConcern LeaderFsync { get; } = new("leader+fsync");

    /// <summary>A majority has it in memory.</summary>
    public static WriteConcern MajorityMemory { get; } = new("majority-memory");

    /// <summary>A majority has it on disk: no failure that leaves a majority takes it back. What servers do unless they are told otherwise.</summary>
    public static WriteConcern Majority { get; } = new("majority");

    /// <summary>Every member has it on disk.</summary>
    public static WriteConcern All { get; } = new("all");

    /// <summary>As it is said to the server.</summary>
    public string Text { get; }

    /// <summary>The same, and the member that is asked has applied it.</summary>
    public WriteConcern Applied => Text.EndsWith("+applied", StringComparison.Ordinal) ? this : new WriteConcern(Text + "+applied");

    /// <summary>So many members have it on disk, the leader among them. At least 1.</summary>
    public static WriteConcern Members(int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        return new WriteConcern(count.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>Members in so many zones have it on disk. At least 1.</summary>
    public static WriteConcern Zones(int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        return new WriteConcern("zones:" + count.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>So many of the members with these names have it on disk.</summary>
    public static WriteConcern Any(int count, params IReadOnlyList<string> names)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, names.Count);
        return names.All(static name => name.Length > 0 && !name.AsSpan().ContainsAny(",() ;"))
            ? new WriteConcern($"any:{count.ToString(CultureInfo.InvariantCulture)}({string.Join(',', names)})")
            : throw new ArgumentException("A name of a member in a write concern is not empty and has no comma, parenthesis, semicolon or space.", nameof(names));
    }

    /// <inheritdoc/>
    public override string ToString() => Text;
}
