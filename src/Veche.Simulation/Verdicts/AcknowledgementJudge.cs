using Veche.Raft;
using Veche.Replica;

namespace Veche.Simulation.Verdicts;

/// <summary>
/// Holds each acknowledgement to what its rule promises at the moment it is given, counts in the end what each level has lost, and sees that nothing
/// leaves a log without having been named. Who submits cycles through the levels by the number of the command.
/// </summary>
internal sealed class AcknowledgementJudge(Canon canon, Action<string> count, Func<MemberId, long, long, bool> holds)
{
    private static readonly (string Name, AckRule? Rule, bool IsCommit)[] Levels =
    [
        ("applied here", null, true),
        ("leader", AckRule.Leader(AckStage.Received), false),
        ("leader+fsync", AckRule.Leader(AckStage.Durable), false),
        ("majority-memory", AckRule.Majority(AckStage.Received), false),
        ("majority", AckRule.Majority(AckStage.Durable), true),
        ("all", AckRule.All(AckStage.Durable), true),
        ("majority+applied", AckRule.Majority(AckStage.Applied), true),
        ("all+applied", AckRule.All(AckStage.Applied), true),
    ];

    private readonly List<(string Level, LogPosition Position)> _given = [];

    /// <summary>When a command is to be acknowledged.</summary>
    public static AckRule? RuleFor(long sequence) => LevelOf(sequence).Rule;

    /// <summary>A leader acknowledges commands: its own, or those that others forwarded.</summary>
    /// <param name="core">The leader.</param>
    /// <param name="log">Its log with everything it has handed to its disk.</param>
    /// <param name="sequence">Which command.</param>
    /// <param name="position">Where it is said to be.</param>
    public void Acknowledges(RaftCore core, DurableLog log, long sequence, LogPosition position)
    {
        (string level, AckRule? rule, bool isCommit) = LevelOf(sequence);
        if (rule is null)
        {
            throw new ViolationException("a command was acknowledged that asked for nothing", $"{core.Id} acknowledges {sequence} at {position}");
        }

        if (!log.Holds(position.Index, position.Term))
        {
            throw new ViolationException("a command was acknowledged before it was in the log", $"{core.Id} acknowledges {sequence} at {position}; its log goes to {log.LastIndex}");
        }

        if (isCommit && (canon.CommittedIndex < position.Index || canon.CommittedTerm(position.Index) != position.Term))
        {
            throw new ViolationException("a command was acknowledged by a majority and is not committed", $"{core.Id} acknowledges {sequence} at {position} by {level}; {canon.CommittedIndex} is committed");
        }

        if (rule is { By: AckBy.Majority or AckBy.All, Stage: not AckStage.Received } && rule.ReachedIndex(core.Configuration, core.Id, member => !canon.Founders.IsWitness(member) && holds(member, position.Index, position.Term) ? position.Index : 0) < position.Index)
        {
            throw new ViolationException("a command was acknowledged by members of which some hold no data", $"{core.Id} acknowledges {sequence} at {position} by {level} with {core.Configuration}");
        }

        count($"acknowledged by {level}");
        _given.Add((level, position));
    }

    /// <summary>A member hands a write to its log; what it removes must have been named in the same step.</summary>
    /// <param name="core">Who.</param>
    /// <param name="write">What.</param>
    /// <param name="before">Its log before the write.</param>
    /// <param name="committedBefore">What it knew to be committed before the step.</param>
    /// <param name="named">What it names.</param>
    public static void Removes(RaftCore core, LogWrite write, DurableLog before, long committedBefore, IReadOnlyList<Rollback> named)
    {
        long first = write.Reset is not null ? committedBefore + 1 : write.KeepThrough is { } keep ? keep + 1 : long.MaxValue;
        if (first <= before.LastIndex && !IsNamed(named, write.WriteId, first, before.LastIndex))
        {
            throw new ViolationException("entries left a log without having been kept", $"{core.Id} removes {first} to {before.LastIndex} in write {write.WriteId}");
        }
    }

    private static bool IsNamed(IReadOnlyList<Rollback> named, long writeId, long first, long last) =>
        named.Any(rollback => rollback.WriteId == writeId && rollback.FirstIndex <= first && rollback.LastIndex >= last);

    /// <summary>The run is over: counts what was acknowledged and is not in the history.</summary>
    public void End()
    {
        foreach ((string level, LogPosition position) in _given)
        {
            if (canon.CommittedIndex >= position.Index && canon.CommittedTerm(position.Index) != position.Term)
            {
                count($"lost after {level}");
            }
        }
    }

    private static (string Name, AckRule? Rule, bool IsCommit) LevelOf(long sequence) => Levels[(int)(sequence % Levels.Length)];
}
