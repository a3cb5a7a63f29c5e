using Veche.Hosting;
using Veche.Raft;
using Veche.Replica;

namespace Veche.Server.Semantics;

/// <summary>A member as a concern may name it.</summary>
/// <param name="Id">Who.</param>
/// <param name="Name">Its name; empty while it is not known.</param>
/// <param name="Zone">Where it is; empty when nobody has said.</param>
internal readonly record struct Place(MemberId Id, string Name, string Zone);

/// <summary>What a write concern means in the cluster as it is now: names become members, and what cannot be is refused at once.</summary>
internal static class WriteConcernTerms
{
    /// <summary>True when the answer comes before the command is committed, and so cannot say anything that depends on the state.</summary>
    public static bool IsBeforeCommit(WriteConcern concern, Configuration configuration) => !concern.Applied && concern.Level switch
    {
        WriteLevel.None or WriteLevel.Leader or WriteLevel.LeaderSynced or WriteLevel.MajorityMemory => true,
        WriteLevel.Members => concern.Count < configuration.QuorumSize,
        _ => false,
    };

    /// <summary>The rule by which the replica acknowledges; null when being applied where it was asked for is all.</summary>
    /// <exception cref="FormatException">It can never be reached; the message says what there is.</exception>
    public static AckRule? RuleOf(WriteConcern concern, Configuration configuration, Func<IReadOnlyList<Place>> places)
    {
        AckStage stage = concern.Applied ? AckStage.Applied : AckStage.Durable;
        switch (concern.Level)
        {
            case WriteLevel.None:
                return null;
            case WriteLevel.Leader:
                return AckRule.Leader(concern.Applied ? AckStage.Applied : AckStage.Received);
            case WriteLevel.LeaderSynced:
                return AckRule.Leader(stage);
            case WriteLevel.MajorityMemory:
                return MajorityWithData(concern, configuration, AckStage.Received);
            case WriteLevel.Majority:
                return concern.Applied ? MajorityWithData(concern, configuration, AckStage.Applied) : null;
            case WriteLevel.All:
                return AckRule.All(stage);
            case WriteLevel.Members:
                return concern.Count <= WithData(configuration)
                    ? AckRule.Members(concern.Count, stage)
                    : throw new FormatException($"{concern} members are asked for, and there are {WithData(configuration)} that vote{(configuration.Witnesses.Count > 0 ? " and hold data" : string.Empty)}");
            case WriteLevel.Zones:
                return Zones(concern, configuration, places(), stage);
            default:
                return Named(concern, configuration, places(), stage);
        }
    }

    /// <summary>What is waited for.</summary>
    public static ProposalTerms Of(WriteConcern concern, Configuration configuration, Func<IReadOnlyList<Place>> places, int? timeoutMs) => new()
    {
        Rule = RuleOf(concern, configuration, places),
        AwaitsResult = !IsBeforeCommit(concern, configuration),
        TimeoutMs = timeoutMs,
        RefuseWithoutLeader = true,
    };

    private static int WithData(Configuration configuration) => configuration.Voters.Count(voter => !configuration.IsWitness(voter));

    /// <summary>As many as a commit needs, of those that hold data; not to be had where witnesses leave fewer.</summary>
    private static AckRule MajorityWithData(WriteConcern concern, Configuration configuration, AckStage stage) => configuration.QuorumSize <= WithData(configuration)
        ? AckRule.Majority(stage)
        : throw new FormatException($"{concern} asks for {configuration.QuorumSize} members with data, and there are {WithData(configuration)}: the others are witnesses");

    private static AckRule Zones(WriteConcern concern, Configuration configuration, IReadOnlyList<Place> places, AckStage stage)
    {
        List<IGrouping<string, Place>> zones = [.. places.Where(place => place.Zone.Length > 0 && configuration.IsVoter(place.Id) && !configuration.IsWitness(place.Id)).GroupBy(static place => place.Zone, StringComparer.Ordinal)];
        return concern.Count <= zones.Count
            ? AckRule.OfGroups(concern.Count, [.. zones.Select(static zone => zone.Select(static place => place.Id).ToArray())], stage)
            : throw new FormatException(zones.Count == 0
                ? $"{concern} asks for zones, and no member has said in which it is (--veche-zone)"
                : $"{concern} asks for {concern.Count} zones, and there are {zones.Count}: {string.Join(", ", zones.Select(static zone => zone.Key).Order(StringComparer.Ordinal))}");
    }

    private static AckRule Named(WriteConcern concern, Configuration configuration, IReadOnlyList<Place> places, AckStage stage)
    {
        List<IReadOnlyList<MemberId>> members = [];
        foreach (string name in concern.Names)
        {
            MemberId id = places.FirstOrDefault(place => place.Name == name).Id;
            if (configuration.IsWitness(id))
            {
                throw new FormatException($"{concern} names {name}, which is a witness and holds no data");
            }

            members.Add(!id.IsNone ? [id] : throw new FormatException($"{concern} names {name}, and there are {string.Join(", ", places.Select(static place => place.Name).Where(static known => known.Length > 0).Order(StringComparer.Ordinal))}"));
        }

        return AckRule.OfGroups(concern.Count, members, stage);
    }
}
