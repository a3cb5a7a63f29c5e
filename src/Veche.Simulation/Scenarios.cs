using Veche.Simulation.Clients;
using Veche.Simulation.Faults;
using Veche.Simulation.Network;

namespace Veche.Simulation;

/// <summary>Worlds that look hard at one part of the system: everything else is still drawn from the seed.</summary>
public static class Scenarios
{
    private static readonly SortedDictionary<string, (string Description, Func<SimulationPlan, SimulationRandom, SimulationPlan> Shape)> All = new(StringComparer.Ordinal)
    {
        [WithUsers] = ("users, roles and permissions that come and go, and clients that act as them, while leaders change, members crash, and snapshots are taken", Auth),
        ["calm"] = ("no faults at all", static (plan, _) => plan with { Faults = FaultPlan.None, Network = new NetworkPlan() }),
        ["elections"] = ("leaders change many times a second, in the middle of replication", Elections),
        ["membership"] = ("members come and go while leaders change", Membership),
        ["disks"] = ("power losses, failed syncs, full and damaged disks", Disks),
        ["snapshots"] = ("short logs and slow followers, so that many need snapshots", Snapshots),
        ["reads"] = ("reads by quorum and by lease while leaders are cut off, paused and replaced", Reads),
        ["sessions"] = ("writes that are repeated until they are answered, and reads with tokens, while members crash and leaders change", Sessions),
        ["leases"] = ("leases while leaders change", Leases),
        ["preferences"] = ("who should lead and how many decide are changed while leaders and members change", Preferences),
        ["stalls"] = ("disks that stall for long, and nothing else", Stalls),
        ["states"] = ("stored states that rot, are found and replaced, while members crash and leaders change", States),
        ["transactions"] = ("transactions of every shape on few keys, applied many at a time", Transactions),
    };

    /// <summary>The one with users.</summary>
    internal const string WithUsers = "auth";

    /// <summary>Those that half of all worlds are bent toward: the first ones.</summary>
    internal static IReadOnlyList<string> First { get; } = ["calm", "disks", "elections", "leases", "membership", "reads", "sessions", "snapshots"];

    /// <summary>Those that came later; some more of all worlds are bent toward them. The one with users came last, and is drawn from luck of its own.</summary>
    internal static IReadOnlyList<string> Later { get; } = [.. All.Keys.Except(First).Except([WithUsers])];

    /// <summary>Their names, in order.</summary>
    public static IReadOnlyCollection<string> Names => All.Keys;

    /// <summary>What one looks at.</summary>
    public static string Describe(string name) => All[name].Description;

    /// <summary>True when there is one of this name.</summary>
    public static bool Exists(string name) => All.ContainsKey(name);

    /// <summary>Bends a plan toward a scenario.</summary>
    /// <param name="plan">Drawn from a seed.</param>
    /// <param name="name">Which scenario.</param>
    public static SimulationPlan Shape(SimulationPlan plan, string name)
    {
        SimulationPlan shaped = All[name].Shape(plan, new SimulationRandom(plan.Seed ^ 0x5CE_4A12)) with { Scenario = name };
        return name == "disks" ? shaped.WithLogFaults() : shaped;
    }

    private static SimulationPlan Elections(SimulationPlan plan, SimulationRandom random) => plan with
    {
        Nodes = random.Pick([3, 3, 4, 5, 5]),
        Faults = Often(random, 0.8, (FaultKind.EarlyTimeout, 300), (FaultKind.Partition, 400), (FaultKind.OneWay, 600), (FaultKind.Kill, 800), (FaultKind.PowerLoss, 800), (FaultKind.Clog, 300), (FaultKind.Transfer, 800), (FaultKind.SyncStall, 800), (FaultKind.Coup, 3000)) with
        {
            MeanDurationMs = random.Between(100, 1500),
            MeanRestartMs = random.Between(50, 800),
        },
        Member = random.Chance(0.6) ? plan.Member with { MaxEntriesPerAppend = random.Between(1, 2), MaxInflightAppends = random.Between(1, 2) } : plan.Member,
        Workload = plan.Workload with { ThinkUs = random.Between(2_000L, 60_000), TimeoutMs = random.Between(100, 1000), Wanders = 0.4 },
        FaultsMs = random.Between(5_000, 20_000),
    };

    private static SimulationPlan Membership(SimulationPlan plan, SimulationRandom random) => plan with
    {
        Nodes = random.Pick([1, 2, 3, 3, 4, 5]),
        Faults = Often(random, 0.7, (FaultKind.EarlyTimeout, 500), (FaultKind.Partition, 800), (FaultKind.Kill, 1500), (FaultKind.Transfer, 1000), (FaultKind.Clog, 400), (FaultKind.Wipe, 8000)).With(FaultKind.Membership, random.Between(50, 500)) with
        {
            MeanDurationMs = random.Between(200, 2000),
            MeanRestartMs = random.Between(100, 1500),
        },
        FaultsMs = random.Between(5_000, 20_000),
    };

    private static SimulationPlan Disks(SimulationPlan plan, SimulationRandom random) => plan with
    {
        Faults = Often(random, 0.7, (FaultKind.PowerLoss, 700), (FaultKind.Kill, 900), (FaultKind.SyncFailure, 1500), (FaultKind.SyncStall, 1500), (FaultKind.DiskFull, 4000), (FaultKind.BitRot, 4000), (FaultKind.LostWrite, 4000), (FaultKind.MisdirectedWrite, 4000)) with
        {
            MeanRestartMs = random.Between(50, 1000),
        },
        Member = plan.Member with { SegmentBytes = 64 << 10 },
        Workload = plan.Workload with { ThinkUs = random.Between(2_000L, 40_000) },
    };

    private static SimulationPlan Snapshots(SimulationPlan plan, SimulationRandom random) => plan with
    {
        Nodes = random.Pick([3, 3, 5]),
        Member = plan.Member with { SnapshotEntries = random.Between(3, 40), TrailingEntries = random.Between(0, 4), EntryCacheBytes = random.Between(0, 3000) },
        Faults = Often(random, 0.7, (FaultKind.Partition, 1000), (FaultKind.Pause, 1000), (FaultKind.SlowLink, 1500), (FaultKind.Kill, 1500), (FaultKind.PowerLoss, 1500), (FaultKind.EarlyTimeout, 1500), (FaultKind.Membership, 2000), (FaultKind.Alarm, 1500)) with
        {
            MeanDurationMs = random.Between(300, 3000),
            MeanRestartMs = random.Between(100, 2000),
        },
        Workload = plan.Workload with { ThinkUs = random.Between(2_000L, 30_000) },
    };

    private static SimulationPlan Reads(SimulationPlan plan, SimulationRandom random)
    {
        int[] weights = new int[17];
        weights[(int)OperationKind.Put] = 20;
        weights[(int)OperationKind.Get] = 80;
        weights[(int)OperationKind.GetAll] = 5;
        weights[(int)OperationKind.CompareAndSet] = 5;
        return plan with
        {
            Nodes = random.Pick([3, 3, 5]),
            Clients = random.Between(4, 12),
            Member = plan.Member with { LeaseClockDriftBoundMs = random.Chance(0.6) ? 2 + (int)(plan.Member.ElectionTimeoutMs * 2.2 * plan.Member.ClockDriftPpm / 1e6) : null },
            Faults = Often(random, 0.7, (FaultKind.Transfer, 300), (FaultKind.EarlyTimeout, 600), (FaultKind.Partition, 600), (FaultKind.OneWay, 600), (FaultKind.Pause, 800), (FaultKind.Clog, 400), (FaultKind.Kill, 1200), (FaultKind.ClockDrift, 1000), (FaultKind.Coup, 1500), (FaultKind.CrashLoop, 400)) with
            {
                MeanDurationMs = random.Between(100, 1500),
                MeanRestartMs = random.Between(10, 500),
            },
            Workload = plan.Workload with { ThinkUs = random.Between(1_000L, 20_000), Keys = random.Between(1, 4), Weights = weights, Wanders = 0.5 },
            FaultsMs = random.Between(5_000, 20_000),
        };
    }

    private static SimulationPlan Sessions(SimulationPlan plan, SimulationRandom random)
    {
        int[] weights = new int[17];
        weights[(int)OperationKind.Put] = 30;
        weights[(int)OperationKind.CompareAndSet] = 20;
        weights[(int)OperationKind.Delete] = 5;
        weights[(int)OperationKind.Get] = 10;
        weights[(int)OperationKind.GetSerializable] = 30;
        weights[(int)OperationKind.LeaseGrant] = 2;
        return plan with
        {
            Nodes = random.Pick([3, 3, 5]),
            Member = random.Chance(0.7) ? plan.Member with { SnapshotEntries = random.Between(3, 40), TrailingEntries = random.Between(0, 4) } : plan.Member,
            Faults = Often(random, 0.7, (FaultKind.Transfer, 800), (FaultKind.EarlyTimeout, 800), (FaultKind.Partition, 800), (FaultKind.OneWay, 1000), (FaultKind.Kill, 1000), (FaultKind.PowerLoss, 1200), (FaultKind.Pause, 1200), (FaultKind.Clog, 500)) with
            {
                MeanDurationMs = random.Between(100, 1500),
                MeanRestartMs = random.Between(50, 1500),
            },
            Workload = plan.Workload with { Weights = weights, Sessions = 1, Tokens = 0.6, ThinkUs = random.Between(1_000L, 30_000), TimeoutMs = random.Between(50, 800), Wanders = 0.5, Keys = random.Between(2, 10) },
            FaultsMs = random.Between(5_000, 20_000),
        };
    }

    private static SimulationPlan Leases(SimulationPlan plan, SimulationRandom random)
    {
        int[] weights = [10, 5, 5, 0, 10, 0, 1, 10, 30, 60, 5, 0, 5, 1, 5, 0, 0];
        return plan with
        {
            Faults = Often(random, 0.7, (FaultKind.Transfer, 1500), (FaultKind.EarlyTimeout, 1500), (FaultKind.Partition, 1500), (FaultKind.Pause, 2000), (FaultKind.Kill, 2000), (FaultKind.ClockDrift, 1000)) with
            {
                MeanDurationMs = random.Between(300, 3000),
                MeanRestartMs = random.Between(100, 2000),
            },
            Workload = plan.Workload with { Weights = weights, ThinkUs = random.Chance(0.5) ? random.Between(10_000L, 200_000) : random.Between(200_000L, 1_500_000), LeaseTtlSeconds = random.Between(2, 4) },
        };
    }

    private static SimulationPlan Preferences(SimulationPlan plan, SimulationRandom random) => plan with
    {
        Nodes = random.Pick([2, 3, 3, 4, 5]),
        Member = plan.Member with { SnapshotEntries = random.Chance(0.5) ? random.Between(5, 60) : plan.Member.SnapshotEntries },
        Faults = Often(random, 0.7, (FaultKind.Priorities, 700), (FaultKind.QuorumSizes, 700), (FaultKind.Membership, 1500), (FaultKind.EarlyTimeout, 600), (FaultKind.Partition, 1000), (FaultKind.Kill, 1200), (FaultKind.PowerLoss, 2000), (FaultKind.Transfer, 1500), (FaultKind.SyncStall, 3000), (FaultKind.Wipe, 10_000)) with
        {
            MeanDurationMs = random.Between(200, 3000),
            MeanRestartMs = random.Between(100, 2000),
        },
        FaultsMs = random.Between(5_000, 20_000),
    };

    private static SimulationPlan Stalls(SimulationPlan plan, SimulationRandom random)
    {
        int boundMs = plan.Member.ElectionTimeoutMs * random.Between(1, 4);
        return plan with
        {
            Nodes = random.Pick([3, 3, 5]),
            Network = new NetworkPlan(),
            Member = plan.Member with { StallBoundMs = boundMs, SyncUs = Math.Min(plan.Member.SyncUs, 5_000) },
            Faults = FaultPlan.None.With(FaultKind.SyncStall, 3 * boundMs) with { MeanDurationMs = 2 * (boundMs + (20 * plan.Member.ElectionTimeoutMs)) },
            Workload = plan.Workload with { ThinkUs = random.Between(5_000L, 50_000) },
            FaultsMs = Math.Min(60_000, 40 * boundMs),
        };
    }

    private static SimulationPlan Transactions(SimulationPlan plan, SimulationRandom random)
    {
        int[] weights = [20, 5, 10, 10, 5, 2, 2, 2, 5, 1, 2, 3, 60, 5, 10, 10, 10];
        return plan with
        {
            Nodes = random.Pick([1, 3, 3]),
            Clients = random.Between(6, 16),

            // While one batch is applied the next one gathers.
            Member = plan.Member with { ApplyUs = random.Between(5_000L, 40_000), MaxEntriesPerApply = 256 },
            Faults = Often(random, 0.5, (FaultKind.Transfer, 2000), (FaultKind.Kill, 2000), (FaultKind.PowerLoss, 2000), (FaultKind.Pause, 2000)) with
            {
                MeanDurationMs = random.Between(100, 1000),
                MeanRestartMs = random.Between(50, 500),
            },
            Workload = plan.Workload with { Weights = weights, ThinkUs = random.Between(500L, 10_000), Keys = random.Between(2, 9) },
            FaultsMs = random.Between(3_000, 10_000),
        };
    }

    private static SimulationPlan States(SimulationPlan plan, SimulationRandom random) => plan with
    {
        Nodes = random.Pick([3, 3, 4, 5]),
        Member = plan.Member.WithStateChecks(random, always: true) with { SnapshotEntries = random.Chance(0.5) ? random.Between(5, 60) : plan.Member.SnapshotEntries },
        Faults = Often(random, 0.5, (FaultKind.Kill, 1500), (FaultKind.PowerLoss, 1500), (FaultKind.EarlyTimeout, 1500), (FaultKind.Partition, 2000), (FaultKind.Pause, 2000), (FaultKind.Transfer, 2000), (FaultKind.Alarm, 6000)).With(FaultKind.StateRot, random.Between(500, 3000)) with
        {
            MeanDurationMs = random.Between(100, 1500),
            MeanRestartMs = random.Between(50, 1500),
        },
        Workload = plan.Workload with { ThinkUs = random.Between(2_000L, 40_000) },
        FaultsMs = random.Between(10_000, 30_000),
    };

    private static SimulationPlan Auth(SimulationPlan plan, SimulationRandom random)
    {
        int[] weights = [20, 6, 8, 8, 15, 12, 5, 6, 12, 4, 4, 1, 25, 6, 12, 20, 12];
        return plan with
        {
            Nodes = random.Pick([1, 3, 3, 3, 5]),
            Clients = random.Between(5, 14),
            Member = random.Chance(0.7) ? plan.Member with { SnapshotEntries = random.Between(3, 60), TrailingEntries = random.Between(0, 8) } : plan.Member,
            Faults = Often(random, 0.6, (FaultKind.Transfer, 1200), (FaultKind.EarlyTimeout, 1200), (FaultKind.Partition, 1000), (FaultKind.Pause, 1500), (FaultKind.Kill, 1200), (FaultKind.PowerLoss, 1500), (FaultKind.Alarm, 3000), (FaultKind.Membership, 4000)).With(FaultKind.Auth, random.Between(20, 400)) with
            {
                MeanDurationMs = random.Between(100, 1500),
                MeanRestartMs = random.Between(50, 1000),
            },
            Workload = plan.Workload with { Weights = weights, Keys = random.Between(3, 12), ThinkUs = random.Between(1_000L, 30_000), Sessions = random.Chance(0.4) ? random.Fraction() : 0, Wanders = 0.3 },
            FaultsMs = random.Between(4_000, 12_000),
        };
    }

    private static FaultPlan Often(SimulationRandom random, double share, params (FaultKind Kind, int MeanMs)[] kinds)
    {
        var intervals = new SortedDictionary<FaultKind, int>();
        double pace = 0.5 + (random.Fraction() * 3);
        foreach ((FaultKind kind, int meanMs) in kinds)
        {
            if (random.Chance(share))
            {
                intervals.Add(kind, (int)(meanMs * pace));
            }
        }

        return new FaultPlan { MeanIntervalMs = intervals };
    }
}
