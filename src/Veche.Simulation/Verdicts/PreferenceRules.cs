using Veche.Raft;
using Veche.Simulation.Faults;
using Veche.Simulation.Members;

namespace Veche.Simulation.Verdicts;

/// <summary>Who leads: never for long one that is not to lead, in the end the one that should, and not one that is ill while others are well.</summary>
internal sealed class PreferenceRules(World world)
{
    /// <summary>Far more than the election timeouts that an offer of leadership and its repetition take.</summary>
    private const int MostTimeoutsToGiveWay = 40;

    private readonly HashSet<long> _ledByOneThatIsNotTo = [];

    /// <summary>Nothing but disks that stall: then an ill leader has no excuse.</summary>
    private readonly bool _onlyDisksStall = world.Plan.Network.Loss == 0 && world.Plan.Faults.Has(FaultKind.SyncStall) && world.Plan.Faults.MeanIntervalMs.Count == 1;

    private MemberId _leader;
    private long _othersWellSinceNs;

    private long ElectionTimeoutNs => world.Plan.Member.ElectionTimeoutMs * 1_000_000L;

    /// <summary>A member begins to lead.</summary>
    public void Leads(RaftCore core)
    {
        if (!MayLead(core))
        {
            world.Count("led by one that is not to lead");
            _ledByOneThatIsNotTo.Add(core.Term);
        }
    }

    /// <summary>A member hands a write to its log.</summary>
    public void Writes(RaftCore core, LogWrite write)
    {
        if (_ledByOneThatIsNotTo.Count > 0 && core.Role == Role.Leader && _ledByOneThatIsNotTo.Contains(core.Term) && write.Entries.Any(static entry => entry.Kind == EntryKind.Command))
        {
            throw new ViolationException("a member that is not to lead took commands", $"{core.Id}, elected in term {core.Term} to bring another up to date, with {core.Configuration}");
        }
    }

    /// <summary>Now and then: an ill leader gives leadership away when enough others are well.</summary>
    public void Look(Member member)
    {
        if (!_onlyDisksStall || world.IsHealing || world.Plan.Member.StallBoundMs is not { } boundMs || member.Core.Role != Role.Leader)
        {
            return;
        }

        RaftCore core = member.Core;
        bool othersAreWell = core.Configuration.HasElectionQuorum(id => id != core.Id && world.Find(id) is { State: MemberState.Up, IsLogBusy: var isBusy } other && !world.Faults.IsStalled(other) && (!isBusy || world.NowNs - other.LogBusySinceNs < ElectionTimeoutNs / 2));
        if (_leader != core.Id || !othersAreWell || !member.IsLogBusy || !world.Faults.IsStalled(member))
        {
            (_leader, _othersWellSinceNs) = (core.Id, world.NowNs);
            return;
        }

        // From when it can know to be ill, through as many timeouts as an attempt that fails and the next one take.
        long illSinceNs = member.LogBusySinceNs + (boundMs * 1_000_000L);
        if (world.NowNs - Math.Max(illSinceNs, _othersWellSinceNs + (boundMs * 1_000_000L)) > 10 * ElectionTimeoutNs)
        {
            throw new ViolationException("an ill leader goes on leading while enough others are well", $"{core.Id} leads term {core.Term}; its disk has stalled for {(world.NowNs - member.LogBusySinceNs) / 1_000_000} ms");
        }
    }

    /// <summary>The world is quiet: whoever leads gives way to who should rather.</summary>
    public void CheckWhoLeads(IReadOnlyList<Member> members)
    {
        if (!IsAsPreferred(members) && !world.RunUntil(world.NowNs + (MostTimeoutsToGiveWay * ElectionTimeoutNs), () => IsAsPreferred(members)))
        {
            Member? leader = Leader(members);
            throw new ViolationException("leadership does not go to who should have it", $"{leader?.Id.ToString() ?? "nobody"} leads, with {leader?.Core.Configuration}");
        }
    }

    private static bool IsAsPreferred(IReadOnlyList<Member> members)
    {
        if (Leader(members) is not { } leader)
        {
            return false;
        }

        Configuration configuration = leader.Core.Configuration;
        return !members.Any(member => member.IsRunning && configuration.Voters.Contains(member.Id) && configuration.PriorityOf(member.Id) > configuration.PriorityOf(leader.Id) && member.Core.Ailments == Ailments.None);
    }

    private static Member? Leader(IReadOnlyList<Member> members) => members.FirstOrDefault(static member => member.IsRunning && member.Core.Role == Role.Leader);

    private static bool MayLead(RaftCore core) =>
        MayLead(core.Configuration, core.Id) || (core.ConfigurationIndex > core.CommitIndex && MayLead(core.ConfigurationAt(core.CommitIndex), core.Id));

    private static bool MayLead(Configuration configuration, MemberId member) => configuration.IsVoter(member) && configuration.PriorityOf(member) > 0;
}
