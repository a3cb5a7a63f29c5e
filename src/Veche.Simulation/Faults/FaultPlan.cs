namespace Veche.Simulation.Faults;

/// <summary>What can go wrong.</summary>
public enum FaultKind
{
    /// <summary>Some members cannot reach some others.</summary>
    Partition,

    /// <summary>Messages pass in one direction only.</summary>
    OneWay,

    /// <summary>A path holds everything back for a while.</summary>
    Clog,

    /// <summary>Members are cut off one by one, and come back in another order.</summary>
    Swizzle,

    /// <summary>A path becomes slow.</summary>
    SlowLink,

    /// <summary>A machine loses power: what its disk had not synced is kept, lost, torn or garbled, sector by sector.</summary>
    PowerLoss,

    /// <summary>A process is killed.</summary>
    Kill,

    /// <summary>A process is stopped for a while.</summary>
    Pause,

    /// <summary>All processes are restarted, one after the other.</summary>
    RollingRestart,

    /// <summary>A disk is lost; its member is replaced by a new one.</summary>
    Wipe,

    /// <summary>Durable bytes change.</summary>
    BitRot,

    /// <summary>A durable sector turns out never to have been written.</summary>
    LostWrite,

    /// <summary>A sector's contents stand in the place of another's.</summary>
    MisdirectedWrite,

    /// <summary>A sync takes seconds.</summary>
    SyncStall,

    /// <summary>A sync fails.</summary>
    SyncFailure,

    /// <summary>A disk is full for a while.</summary>
    DiskFull,

    /// <summary>A clock jumps ahead.</summary>
    ClockJump,

    /// <summary>A clock changes its rate.</summary>
    ClockDrift,

    /// <summary>A member campaigns before its time.</summary>
    EarlyTimeout,

    /// <summary>Leadership is handed over.</summary>
    Transfer,

    /// <summary>Members come and go.</summary>
    Membership,

    /// <summary>A member that does not hear the leader campaigns again and again, while those it needs are restarted.</summary>
    Coup,

    /// <summary>A process ends again and again, soon after each start, while answers to what it asked are still on their way.</summary>
    CrashLoop,

    /// <summary>Who should rather lead, or never, is changed.</summary>
    Priorities,

    /// <summary>How many elect and how many commit is changed.</summary>
    QuorumSizes,

    /// <summary>An alarm is raised, and lifted after a while.</summary>
    Alarm,

    /// <summary>A member's state is no longer what was committed, or can no longer be read.</summary>
    StateRot,

    /// <summary>Users, roles and permissions are given and taken, and authentication is turned on and off.</summary>
    Auth,

    /// <summary>In the place of a record of the log stands an older one of the same length, whole: a write that went to the wrong place, or never to its own.</summary>
    StaleRecord,

    /// <summary>A machine loses power while its log begins a segment.</summary>
    PowerLossAtSwitch,
}

/// <summary>Which faults there are in a world, and how often.</summary>
public sealed record FaultPlan
{
    private static readonly FaultKind[] All = Enum.GetValues<FaultKind>();

    /// <summary>No faults.</summary>
    public static readonly FaultPlan None = new();

    /// <summary>The faults, and the mean time from one to the next of its kind, in milliseconds.</summary>
    public IReadOnlyDictionary<FaultKind, int> MeanIntervalMs { get; init; } = new SortedDictionary<FaultKind, int>();

    /// <summary>Mean time until a cut, a pause or a stall ends, in milliseconds.</summary>
    public int MeanDurationMs { get; init; } = 4_000;

    /// <summary>Mean time until a process that ended is started again, in milliseconds.</summary>
    public int MeanRestartMs { get; init; } = 3_000;

    /// <summary>The same with one more kind.</summary>
    public FaultPlan With(FaultKind kind, int meanIntervalMs) => this with
    {
        MeanIntervalMs = new SortedDictionary<FaultKind, int>(MeanIntervalMs.ToDictionary()) { [kind] = meanIntervalMs },
    };

    /// <summary>True when there are faults of this kind.</summary>
    public bool Has(FaultKind kind) => MeanIntervalMs.ContainsKey(kind);

    /// <summary>Draws about half of the kinds, each with its own pace.</summary>
    public static FaultPlan Draw(SimulationRandom random)
    {
        var intervals = new SortedDictionary<FaultKind, int>();
        double share = 0.15 + (random.Fraction() * 0.5);
        foreach (FaultKind kind in First)
        {
            int interval = kind switch
            {
                FaultKind.Wipe or FaultKind.BitRot or FaultKind.LostWrite or FaultKind.MisdirectedWrite => random.Between(5_000, 60_000),
                FaultKind.RollingRestart or FaultKind.Swizzle or FaultKind.DiskFull or FaultKind.SyncFailure => random.Between(3_000, 30_000),
                _ => random.Between(500, 20_000),
            };
            if (random.Chance(share))
            {
                intervals.Add(kind, interval);
            }
        }

        return new FaultPlan { MeanIntervalMs = intervals };
    }

    /// <summary>Draws the kinds that came later, from luck of their own: what a seed does without them stays what it was.</summary>
    public FaultPlan DrawMore(SimulationRandom random)
    {
        FaultPlan plan = this;
        foreach (FaultKind kind in All.Where(static kind => kind is > FaultKind.Coup and <= FaultKind.StateRot))
        {
            int interval = random.Between(500, 10_000);
            if (random.Chance(0.12))
            {
                plan = plan.With(kind, interval);
            }
        }

        return plan;
    }

    /// <summary>Draws what befalls the files of the log, from luck of their own.</summary>
    /// <param name="random">That luck.</param>
    /// <param name="chance">How likely each kind is.</param>
    public FaultPlan WithLogFaults(SimulationRandom random, double chance)
    {
        FaultPlan plan = this;
        foreach (FaultKind kind in new[] { FaultKind.StaleRecord, FaultKind.PowerLossAtSwitch })
        {
            int interval = random.Between(300, 6_000);
            if (random.Chance(chance))
            {
                plan = plan.With(kind, interval);
            }
        }

        return plan;
    }

    /// <summary>These kinds, each at its usual pace.</summary>
    public static FaultPlan Of(IEnumerable<FaultKind> kinds) =>
        new() { MeanIntervalMs = new SortedDictionary<FaultKind, int>(kinds.Distinct().ToDictionary(static kind => kind, static kind => 5_000)) };

    /// <summary>The kinds that there were first: what is drawn and measured with them stays what it was.</summary>
    public static IReadOnlyList<FaultKind> First { get; } = [.. All.Where(static kind => kind <= FaultKind.Coup)];

    /// <summary>All kinds.</summary>
    public static IReadOnlyList<FaultKind> Kinds => All;
}
