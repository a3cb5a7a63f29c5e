using Veche.Checking;
using Veche.Checking.Watching;
using Veche.Raft;
using Veche.Simulation.Clients;
using Veche.Simulation.Faults;
using Veche.Simulation.Members;
using Veche.Simulation.Network;
using Veche.Simulation.Tracing;
using Veche.Simulation.Verdicts;

namespace Veche.Simulation;

/// <summary>
/// Runs one world to its end, in two phases: first everything breaks, and nothing wrong may be seen; then a random majority is healed, all
/// other faults become permanent, and the majority must make progress within a bound.
/// </summary>
public sealed class Simulation
{
    private readonly World _world;
    private readonly SimulationPlan _plan;
    private readonly SimulationRandom _random;
    private string? _unrecoverable;

    private Simulation(SimulationPlan plan, TraceRecorder? trace)
    {
        _plan = plan;
        _random = new SimulationRandom(plan.Seed ^ 0x5EED_0F1E_A1ED_5EED);
        _world = new World(plan, trace);
    }

    /// <summary>Simulates a world.</summary>
    /// <param name="plan">What world.</param>
    /// <param name="trace">Gets everything that happens, or null.</param>
    public static SimulationResult Run(SimulationPlan plan, TraceRecorder? trace = null)
    {
        var simulation = new Simulation(plan, trace);
        Violation? violation = null;
        try
        {
            simulation.Run();
        }
        catch (ViolationException exception)
        {
            violation = new Violation(exception.Property, exception.Detail, simulation._world.NowNs);
        }
#pragma warning disable CA1031 // Whatever the code under test throws is a finding, with the seed that shows it.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            violation = new Violation($"an exception: {exception.GetType().Name}", exception.ToString(), simulation._world.NowNs);
        }

        World world = simulation._world;
        if (trace is not null)
        {
            world.History.TraceWaiting(trace);
            if (violation is not null)
            {
                trace.Violated(violation);
            }
        }

        var counts = new SortedDictionary<string, long>(world.Counts.ToDictionary(), StringComparer.Ordinal)
        {
            ["messages"] = world.Messages,
            ["operations"] = world.History.Count,
            ["operations done"] = world.History.Done,
            ["terms led"] = world.Judge.TermsLed,
            ["entries committed"] = world.Judge.Canon.CommittedIndex,
            ["checks"] = world.Judge.Checks,
        };
        return new SimulationResult(plan, violation, simulation._unrecoverable, world.EventHash, world.Events, world.NowNs, counts);
    }

    private void Run()
    {
        _world.Begin();
        _world.RunUntil(_plan.FaultsMs * 1_000_000L);
        foreach (Client client in _world.Clients)
        {
            client.IsStopped = true;
        }

        Recover();
        CheckReport sessions = _world.History.CheckSessions();
        if (sessions.Verdict == Verdict.Invalid)
        {
            throw new ViolationException($"a session guarantee was broken: {sessions.Violations[0].Rule}", sessions.Violations[0].ToString());
        }

        _world.Acknowledgements.End();
        SearchedHistory.Check(_world);
    }

    private void Recover()
    {
        _world.Faults.End();
        _world.Operator.End();
        List<Member> core = ChooseCore();
        if (_unrecoverable is not null)
        {
            _world.Note(-1, $"unrecoverable: {_unrecoverable}", TraceKind.Recovery);
            return;
        }

        _world.IsHealing = true;
        _world.Note(-1, $"heals {string.Join(' ', core.Select(static member => $"m{member.Number + 1}"))}; all other faults are permanent", TraceKind.Recovery);
        Heal(core);
        long limitNs = _world.NowNs + (_plan.RecoveryMs * 1_000_000L);

        // A write that succeeds is progress; asking again is what a client does.
        bool wrote = false;
        for (int attempt = 0; !wrote && _world.NowNs < limitNs; attempt++)
        {
            _world.Operator.SeeToStates();
            Client client = _world.Clients[0];
            int before = _world.History.Count;
            Member asked = core[attempt % core.Count];
            if ((_plan.Faults.Has(FaultKind.Alarm) || _plan.Faults.Has(FaultKind.StateRot)) && asked.IsRunning)
            {
                _world.Operator.LiftAlarms(asked);
            }

            if (_plan.Faults.Has(FaultKind.Auth) && asked.IsRunning)
            {
                _world.Operator.LetWrite(asked, client);
            }

            if (!client.IsWaiting)
            {
                client.Ask(OperationKind.Put, 0, asked.Number);
            }

            _world.RunUntil(Math.Min(limitNs, _world.NowNs + (_plan.Workload.TimeoutMs * 1_000_000L) + 1_000_000), () => !client.IsWaiting);
            wrote = _world.History.Count > before && _world.History.Operations[^1] is { Outcome: Outcome.Done, Kind: OperationKind.Put };
        }

        if (!wrote)
        {
            throw new ViolationException("no progress after healing", $"no write succeeded in {_plan.RecoveryMs / 1000} s among {Describe(core)}");
        }

        core.FindAll(static member => member.IsRunning).ForEach(static member => member.LookForWhatIsWrong());
        const long LooksNs = 5_000_000_000;
        while (!_world.RunUntil(Math.Min(limitNs, _world.NowNs + LooksNs), () => Converged(core)) && _world.NowNs < limitNs)
        {
            _world.Operator.SeeToStates();
            core.FindAll(static member => member.IsRunning).ForEach(static member => member.LookForWhatIsWrong());
        }

        if (!Converged(core))
        {
            throw new ViolationException("no convergence after healing", Describe(core));
        }

        CheckFinalState(core);
        CheckWatches(core);
        _world.PreferenceRules.CheckWhoLeads(core);
    }

    /// <summary>Whoever watches a healed member must come to know everything; and nothing that anybody was told on the way may be wrong.</summary>
    private void CheckWatches(List<Member> core)
    {
        const long LongEnoughNs = 30_000_000_000;

        // Some of the healed may have left the cluster, or never have come in: they will not hear of anything.
        List<Member> current = [.. core.Where(member => member.IsRunning && !member.IsWitness && member.IsBelieved && member.AppliedIndex == _world.Judge.Canon.CommittedIndex)];
        foreach (Watcher watcher in _world.Watchers)
        {
            watcher.Targets = current;
            watcher.Connect();
        }

        long through = _world.Model.Revision;
        _world.RunUntil(_world.NowNs + LongEnoughNs);
        _world.Model.TakeThrough(_world.Judge.Canon.CommittedIndex);
        var log = new TrueLog(_world.Model.Changes.Select(static change => new TrueEvent(change.Revision, KeyNames.Of(change.Key), change.Value == 0 ? null : Watcher.Text(change.Value))));
        foreach (WatchRecord record in _world.Watchers.SelectMany(watcher => watcher.Records(through)))
        {
            CheckReport report = WatchChecker.Check(record, log);
            if (report.Verdict == Verdict.Invalid)
            {
                throw new ViolationException($"a watch was told wrong: {report.Violations[0].Rule}", report.Violations[0].ToString());
            }

            _world.Count("watches checked");
        }
    }

    private static string Describe(List<Member> core) => string.Join("; ", core.Select(static member =>
        $"m{member.Number + 1} {(member.IsRunning ? $"{member.Core.Role} term {member.Core.Term} leader {member.Core.Leader} last {member.Core.LastPosition} commit {member.Core.CommitIndex} applied {member.AppliedIndex}{(member.IsStateWrong ? " of a wrong state" : string.Empty)}{(member.IsQuarantined ? " in quarantine" : string.Empty)} {member.Core.Configuration}" : member.State)}"));

    /// <summary>A random set of members that is a majority by every configuration any of the whole members goes by.</summary>
    private List<Member> ChooseCore()
    {
        List<Member> whole = [.. _world.Members.Where(member => member.State is not (MemberState.Ruined or MemberState.Retired) && !_world.Atlas.ExpectsRuin(member.Number) && !_world.Atlas.IsRecovering(member.Number) && member.IsBelieved)];
        // One that runs goes by its configuration, and may have told others of it, whatever its disk will turn out to be.
        List<Configuration> configurations = [.. whole.Union(_world.Members.Where(static member => member.IsRunning)).Select(static member => member.LastConfiguration).OfType<Configuration>().Where(static configuration => configuration.Voters.Count > 0)];

        // Where some never lead, one that may must know it: a learner that has not heard of its promotion asks for no votes, and nobody campaigns for it (see docs/members.md).
        bool someNeverLead = configurations.Exists(static configuration => configuration.Voters.Any(voter => configuration.PriorityOf(voter) == 0));
        bool KnowsToLead(Member member) => configurations.TrueForAll(configuration => configuration.Voters.Contains(member.Id) && configuration.PriorityOf(member.Id) > 0);
        bool Suffices(List<Member> members) => (!someNeverLead || members.Exists(KnowsToLead)) && configurations.TrueForAll(configuration => Atlas.Suffice(configuration, id => members.Exists(member => member.Id == id)));
        if (configurations.Count == 0 || !Suffices(whole))
        {
            _unrecoverable = $"{_world.Atlas.RuinedCount} disks are lost, and those left are no quorum of every configuration in use, or may not lead";
            return [];
        }

        List<Member> core = [.. whole];
        _random.Shuffle(core);
        for (int i = core.Count - 1; i >= 0; i--)
        {
            List<Member> smaller = [.. core];
            smaller.RemoveAt(i);
            if (Suffices(smaller) && _random.Chance(0.8))
            {
                core = smaller;
            }
        }

        // Who is still taking its log from the others is of no use to them, but must get there.
        core.AddRange(_world.Members.Where(member => _world.Atlas.IsRecovering(member.Number) && !_world.Atlas.ExpectsRuin(member.Number) && member.State is not (MemberState.Ruined or MemberState.Retired) && _random.Chance(0.7)));

        // So must one whose state is not what it should be, when those whose states are right are enough to tell.
        bool CanTell(Configuration configuration)
        {
            List<MemberId> voters = [.. configuration.Voters.Where(voter => !configuration.IsWitness(voter))];
            return core.Count(member => member.IsBelieved && voters.Contains(member.Id)) > voters.Count / 2;
        }

        if (configurations.TrueForAll(CanTell))
        {
            core.AddRange(_world.Members.Where(member => !member.IsBelieved && !core.Contains(member) && !_world.Atlas.ExpectsRuin(member.Number) && member.State is not (MemberState.Ruined or MemberState.Retired) && _random.Chance(0.8)));
        }

        return core;
    }

    private void Heal(List<Member> core)
    {
        _world.Network.Plan = new NetworkPlan();

        // Who is outside hears nothing, or is not heard, or both. One that half of the others could still reach in both directions might go on
        // leading them while the rest of the majority hears of nobody: Raft does not promise to end that.
        List<bool> deaf = [.. _world.Members.Select(member => !core.Contains(member) && _random.Chance(0.6))];
        List<bool> mute = [.. _world.Members.Select(member => !core.Contains(member) && (!deaf[member.Number] || _random.Chance(0.5)))];
        foreach (Member member in _world.Members)
        {
            foreach (Member other in _world.Members)
            {
                Link link = _world.Network.Between(member.Number, other.Number);
                link.CloggedUntilNs = 0;
                link.ExtraDelayNs = 0;
                link.Blocks = mute[member.Number] || deaf[other.Number] ? 1 : 0;
            }
        }

        CutOffForGood(FaultKind.Partition, "hears nothing any more, and nobody hears it", number => deaf[number] && mute[number]);
        CutOffForGood(FaultKind.OneWay, "hears nothing any more", number => deaf[number] && !mute[number]);
        CutOffForGood(FaultKind.OneWay, "is not heard any more", number => mute[number] && !deaf[number]);
        foreach (Member member in _world.Members)
        {
            if (core.Contains(member))
            {
                member.Resume();
                if (member.State == MemberState.Down)
                {
                    member.Start();
                }
            }
            else if (member.IsRunning && _random.Chance(0.5))
            {
                member.Kill();
            }
        }
    }

    private void CutOffForGood(FaultKind fault, string how, Func<int, bool> isMeant)
    {
        foreach (Member member in _world.Members.Where(member => isMeant(member.Number)))
        {
            _world.Breaks(fault, member.Number, how, [member.Number]);
        }
    }

    private static bool Converged(List<Member> core)
    {
        Member? leader = core.Find(static member => member.IsRunning && member.Core.Role == Role.Leader);
        if (leader is null)
        {
            return false;
        }

        long last = leader.Core.LastPosition.Index;
        return core.TrueForAll(member => !leader.Core.Configuration.Contains(member.Id) || (member.IsRunning && member.AppliedIndex == last && member.IsBelieved));
    }

    /// <summary>What is left in the end is what the committed commands make, on every member; nothing that was acknowledged is missing.</summary>
    private void CheckFinalState(List<Member> core)
    {
        Canon canon = _world.Judge.Canon;
        _world.Model.TakeThrough(canon.CommittedIndex);
        List<(Member Member, uint Hash, long Revision)> hashes = [];
        foreach (Member member in core.Where(static member => member.IsRunning))
        {
            if (member.AppliedIndex != canon.CommittedIndex)
            {
                continue;
            }

            member.CheckState();
            if (member.IsWitness || !member.IsBelieved)
            {
                continue;
            }

            uint hash = member.Store.HashHistory(0, out long revision, out _);
            hashes.Add((member, hash, revision));
        }

        foreach ((Member member, uint hash, long revision) in hashes)
        {
            if (hash != hashes[0].Hash || revision != hashes[0].Revision)
            {
                throw new ViolationException("members hold different states at one index", $"{member.Id}: hash {hash:x8} at revision {revision}; {hashes[0].Member.Id}: {hashes[0].Hash:x8} at {hashes[0].Revision}");
            }
        }

        foreach (Operation operation in _world.History.Operations)
        {
            if (operation is { Outcome: Outcome.Done, Kind: OperationKind.Put or OperationKind.PutTwo or OperationKind.PutWithLease } && !_world.Model.Wrote(operation.Key, operation.Value))
            {
                throw new ViolationException("an acknowledged write is lost", operation.ToString());
            }
        }
    }
}
