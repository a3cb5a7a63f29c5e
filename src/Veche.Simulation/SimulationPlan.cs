using Veche.Simulation.Clients;
using Veche.Simulation.Disks;
using Veche.Simulation.Faults;
using Veche.Simulation.Members;
using Veche.Simulation.Network;

namespace Veche.Simulation;

/// <summary>Everything about a world that is decided before it begins. All of it can be drawn from a seed.</summary>
public sealed record SimulationPlan
{
    /// <summary>The seed: of everything that is left to chance.</summary>
    public required ulong Seed { get; init; }

    /// <summary>Members at the start, 1 to 7. Default 3.</summary>
    public int Nodes { get; init; } = 3;

    /// <summary>How many of them, the last, hold no data. Default 0; never more than half of <see cref="Nodes"/>, since they must not be a majority.</summary>
    public int Witnesses
    {
        get => Math.Min(field, Nodes / 2);
        init;
    }

    /// <summary>Clients. Default 5.</summary>
    public int Clients { get; init; } = 5;

    /// <summary>Clients that watch. Default 2.</summary>
    public int Watchers { get; init; } = 2;

    /// <summary>Length of the phase with faults, in milliseconds of the world.</summary>
    public int FaultsMs { get; init; } = 30_000;

    /// <summary>Most time until a healed majority must have made progress, in milliseconds of the world.</summary>
    public int RecoveryMs { get; init; } = 120_000;

    /// <summary>The network.</summary>
    public NetworkPlan Network { get; init; } = new();

    /// <summary>The members.</summary>
    public MemberPlan Member { get; init; } = new();

    /// <summary>The clients.</summary>
    public WorkloadPlan Workload { get; init; } = new();

    /// <summary>The faults.</summary>
    public FaultPlan Faults { get; init; } = FaultPlan.None;

    /// <summary>The scenario it was bent toward, or null.</summary>
    public string? Scenario { get; init; }

    /// <summary>The settings inside the code that were made unusual, by name.</summary>
    public IReadOnlyList<string> Buggified { get; init; } = [];

    /// <summary>The world by which speed is measured: five members, about 100 operations a second, and every kind of fault of <see cref="FaultPlan.First"/> now and then.</summary>
    /// <param name="seed">The seed.</param>
    /// <param name="seconds">Length of the phase with faults, in seconds of the world.</param>
    public static SimulationPlan ForBenchmark(ulong seed, int seconds) => new()
    {
        Seed = seed,
        Nodes = 5,
        Clients = 40,
        FaultsMs = seconds * 1000,
        Workload = new WorkloadPlan { ThinkUs = 195_000, Keys = 100 },
        Faults = new FaultPlan { MeanIntervalMs = new SortedDictionary<FaultKind, int>(FaultPlan.First.ToDictionary(static kind => kind, static _ => 60_000)) },
    };

    /// <summary>Draws a world from a seed: sizes, speeds, settings and faults, all of them.</summary>
    public static SimulationPlan Draw(ulong seed)
    {
        var random = new SimulationRandom(seed);
        int nodes = random.Pick([1, 2, 3, 3, 3, 3, 4, 5, 5, 5, 6, 7]);
        int heartbeatMs = random.Between(20, 150);
        List<string> buggified = [];
        bool On(string point)
        {
            bool on = random.Chance(0.25);
            if (on)
            {
                buggified.Add(point);
            }

            return on;
        }

        MemberPlan member = new()
        {
            HeartbeatIntervalMs = heartbeatMs,
            ElectionTimeoutMs = heartbeatMs * random.Between(5, 12),
            SyncUs = random.Chance(0.3) ? random.Between(2_000L, 50_000) : random.Between(100L, 1_500),
            ApplyUs = random.Chance(0.2) ? random.Between(1_000L, 20_000) : random.Between(10L, 200),
            RequestTimeoutMs = random.Between(500, 7000),
            MaxCommandsPerWrite = On("small batches") ? random.Between(1, 3) : 256,
            MaxEntriesPerAppend = On("small messages") ? random.Between(1, 3) : 256,
            MaxInflightAppends = On("few messages in flight") ? random.Between(1, 3) : 64,
            MaxProposalWritesInFlight = On("many writes in flight") ? random.Between(2, 16) : 1,
            MaxEntriesPerApply = On("small applies") ? random.Between(1, 3) : 256,
            EntryCacheBytes = On("tiny entry cache") ? random.Between(0, 2000) : 1 << 20,
            SnapshotEntries = On("frequent snapshots") ? random.Between(5, 60) : random.Between(500, 5000),
            TrailingEntries = On("short log behind snapshots") ? random.Between(0, 5) : random.Between(20, 500),
            DurableState = random.Chance(0.5),
            SegmentBytes = On("tiny segments") ? 64 << 10 : 256 << 10,
            Crash = CrashPlan.Draw(random),
            ClockDriftPpm = On("bad clocks") ? 50_000 : 100,
        };
        FaultPlan faults = FaultPlan.Draw(random);
        if (random.Chance(0.4) && !faults.Has(FaultKind.ClockJump))
        {
            // Two clocks may drift apart by twice the bound of one; rounding takes a little.
            member = member with { LeaseClockDriftBoundMs = 2 + (int)(member.ElectionTimeoutMs * 2.2 * member.ClockDriftPpm / 1e6) };
        }

        // What came later is drawn from luck of its own: what a seed does without it stays what it was.
        var later = new SimulationRandom(seed ^ 0x1A7E_4000);
        var plan = new SimulationPlan
        {
            Seed = seed,
            Nodes = nodes,
            Clients = random.Between(1, 12),
            FaultsMs = random.Between(5_000, 40_000),
            Network = NetworkPlan.Draw(random),

            // From a generator of its own, so that the rest of the world is what it is without it.
            Member = (member with { AcknowledgementRules = new SimulationRandom(seed ^ 0xACC0_4D6E).Chance(0.25) }).DrawMore(later, buggified),
            Workload = WorkloadPlan.Draw(random).WithSemantics(seed),
            Faults = faults.DrawMore(later),
            Buggified = buggified,
        };
        string? scenario = random.Chance(0.5) ? random.Pick(Scenarios.First) : null;
        scenario = later.Chance(0.08) ? later.Pick(Scenarios.Later) : scenario;
        scenario = new SimulationRandom(seed ^ 0xA075_CE4A).Chance(0.02) ? Scenarios.WithUsers : scenario;
        return (scenario is null ? plan : Scenarios.Shape(plan, scenario)).WithUsers().WithWitnesses().WithStateChecks().WithLogFaults();
    }

    /// <summary>Some of the worlds in which much goes wrong have users. From a generator of its own, so that the rest of the world is what it is without them.</summary>
    public SimulationPlan WithUsers()
    {
        var random = new SimulationRandom(Seed ^ 0x05E2_4017);
        return Faults.MeanIntervalMs.Count > 1 && !Faults.Has(FaultKind.Auth) && random.Chance(0.15) ? this with { Faults = Faults.With(FaultKind.Auth, random.Between(50, 3_000)) } : this;
    }

    /// <summary>
    /// In some worlds the files of the log meet with faults of their own. A segment that goes while nothing is left in it is rare where logs are long
    /// and snapshots seldom, so most of the worlds in which the power goes at that moment have little behind their snapshots.
    /// From a generator of its own, so that the rest of the world is what it is without it.
    /// </summary>
    public SimulationPlan WithLogFaults()
    {
        var random = new SimulationRandom(Seed ^ 0x10_6FA1_0175);
        SimulationPlan plan = this with { Faults = Faults.WithLogFaults(random, Scenario == "disks" ? 0.4 : 0.08) };
        int snapshotEntries = random.Between(3, 40);
        bool hasShortLogs = random.Chance(0.75) && plan.Faults.Has(FaultKind.PowerLossAtSwitch);
        return hasShortLogs ? plan with { Member = plan.Member with { SegmentBytes = 8 << 10, SnapshotEntries = snapshotEntries, TrailingEntries = 0 } } : plan;
    }

    /// <summary>In some worlds the members' states are compared. From a generator of its own, so that the rest of the world is what it is without it.</summary>
    public SimulationPlan WithStateChecks() => this with { Member = Member.WithStateChecks(new SimulationRandom(Seed ^ 0x57A7_E40B), Faults.Has(FaultKind.StateRot)) };

    /// <summary>Some worlds have witnesses. From a generator of its own, so that the rest of the world is what it is without it.</summary>
    public SimulationPlan WithWitnesses()
    {
        var random = new SimulationRandom(Seed ^ 0x317E_5501);
        return Nodes > 1 && random.Chance(0.2) ? this with { Witnesses = random.Between(1, Nodes / 2) } : this;
    }
}
