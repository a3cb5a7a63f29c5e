using Veche.Raft;

namespace Veche.Replica.Wire;

/// <summary>Acknowledgement rules as bytes: a byte that says whether there is one, then stage, who, how many, and the groups.</summary>
internal static class RuleCodec
{
    public static void Write(WireWriter writer, AckRule? rule)
    {
        writer.Flag(rule is not null);
        if (rule is null)
        {
            return;
        }

        writer.Byte((byte)rule.Stage);
        writer.Byte((byte)rule.By);
        writer.Int32(rule.Count);
        writer.Int32(rule.Groups.Count);
        foreach (IReadOnlyList<MemberId> group in rule.Groups)
        {
            writer.Int32(group.Count);
            foreach (MemberId member in group)
            {
                writer.Member(member);
            }
        }
    }

    public static AckRule? Read(ref WireReader reader)
    {
        if (!reader.Flag())
        {
            return null;
        }

        var stage = (AckStage)reader.Byte();
        var by = (AckBy)reader.Byte();
        int count = reader.Int32();
        var groups = new MemberId[reader.Count(4)][];
        for (int i = 0; i < groups.Length; i++)
        {
            groups[i] = new MemberId[reader.Count(8)];
            for (int j = 0; j < groups[i].Length; j++)
            {
                groups[i][j] = reader.Member();
            }
        }

        if (stage > AckStage.Applied)
        {
            throw new InvalidDataException($"a rule of unknown stage {(byte)stage}");
        }

        try
        {
            AckRule rule = by switch
            {
                AckBy.Leader => AckRule.Leader(stage),
                AckBy.Majority => AckRule.Majority(stage),
                AckBy.All => AckRule.All(stage),
                AckBy.Members => AckRule.Members(count, stage),
                AckBy.Groups => AckRule.OfGroups(count, groups, stage),
                _ => throw new InvalidDataException($"a rule of unknown kind {(byte)by}"),
            };
            return rule.Count == count && rule.Groups.Count == groups.Length ? rule : throw new InvalidDataException("a rule counts what it does not ask for");
        }
        catch (ArgumentException exception)
        {
            throw new InvalidDataException($"a rule that cannot hold: {exception.Message}", exception);
        }
    }
}
