using Veche.Replica;
using Veche.Simulation.Members;
using Veche.Simulation.Network;

namespace Veche.Simulation.Faults;

/// <summary>Breaks things and mends them, each kind of fault at its own pace.</summary>
internal sealed partial class FaultInjector
{
    private readonly World _world;
    private readonly SimulationRandom _random;
    private readonly Dictionary<int, long> _stalledUntilNs = [];
    private readonly SortedSet<int> _keptDown = [];
    private readonly List<Action> _mend = [];

    public FaultInjector(World world, SimulationRandom random)
    {
        _world = world;
        _random = random;
    }

    /// <summary>Everything that happens from now on is permanent: nothing new breaks and nothing mends.</summary>
    public bool IsOver { get; private set; }

    public void Begin()
    {
        foreach ((FaultKind kind, int intervalMs) in _world.Plan.Faults.MeanIntervalMs)
        {
            Next(kind, intervalMs);
        }
    }

    /// <summary>No new faults. The network's cuts end; who is down stays down until somebody starts it.</summary>
    public void End()
    {
        IsOver = true;
        foreach (Action mend in _mend)
        {
            mend();
        }

        _mend.Clear();
        _stalledUntilNs.Clear();
        _keptDown.Clear();
        foreach (Member member in _world.Members)
        {
            member.Disk.FreeBytes = 1L << 40;
            member.Disk.NextSyncFails = false;
            member.LosesPowerAtSwitch = false;
            member.EndStall();
        }
    }

    /// <summary>How long a sync takes.</summary>
    public long SyncTimeNs(Member member, long usualNs) =>
        _stalledUntilNs.TryGetValue(member.Number, out long untilNs) && untilNs > _world.NowNs ? untilNs - _world.NowNs : usualNs;

    /// <summary>True while a member's disk stalls.</summary>
    public bool IsStalled(Member member) => SyncTimeNs(member, 0) > 0;

    /// <summary>True when nothing keeps this member down.</summary>
    public bool MayRun(Member member) => !_keptDown.Contains(member.Number);

    /// <summary>Before a process starts its disk may turn out to be damaged.</summary>
    public void BeforeStart(Member member)
    {
        if (IsOver)
        {
            return;
        }

        foreach (FaultKind kind in new[] { FaultKind.BitRot, FaultKind.LostWrite, FaultKind.MisdirectedWrite })
        {
            if (_world.Plan.Faults.Has(kind) && _random.Chance(0.1))
            {
                DamageDisk(member, kind);
            }
        }

        if (_world.Plan.Faults.Has(FaultKind.StaleRecord) && _random.Chance(0.1))
        {
            LeaveStaleRecord(member);
        }
    }

    private void Next(FaultKind kind, int intervalMs) =>
        _world.Later(1_000_000 + (_random.Exponential(intervalMs) * 1_000_000), () =>
        {
            if (!IsOver)
            {
                Inject(kind);
                Next(kind, intervalMs);
            }
        });

    private void Inject(FaultKind kind)
    {
        switch (kind)
        {
            case FaultKind.Partition:
                Partition(oneWay: false);
                break;
            case FaultKind.OneWay:
                Partition(oneWay: true);
                break;
            case FaultKind.Clog:
                (int cloggedFrom, int cloggedTo) = AnyPath();
                Link clogged = _world.Network.Between(cloggedFrom, cloggedTo);
                clogged.CloggedUntilNs = _world.NowNs + (Duration() / 4);
                _world.Breaks(FaultKind.Clog, cloggedFrom, $"the path to m{cloggedTo + 1} is clogged", endNs: clogged.CloggedUntilNs, other: cloggedTo);
                _world.Count("links clogged");
                break;
            case FaultKind.Swizzle:
                Swizzle();
                break;
            case FaultKind.SlowLink:
                (int slowFrom, int slowTo) = AnyPath();
                Link slow = _world.Network.Between(slowFrom, slowTo);
                slow.ExtraDelayNs += _random.Between(1_000_000L, 500_000_000);
                long extra = slow.ExtraDelayNs;
                int slowed = _world.Breaks(FaultKind.SlowLink, slowFrom, $"the path to m{slowTo + 1} takes {extra / 1_000_000} ms more", other: slowTo);
                Mend(Duration(), () =>
                {
                    slow.ExtraDelayNs = 0;
                    _world.Mends(slowed, slowFrom, $"the path to m{slowTo + 1} is as fast as before");
                });
                _world.Count("links slowed");
                break;
            case FaultKind.PowerLoss:
                Crash(AnyMember(), power: true);
                break;
            case FaultKind.Kill:
                Crash(AnyMember(), power: false);
                break;
            case FaultKind.Pause:
                PauseSomebody();
                break;
            case FaultKind.RollingRestart:
                RollingRestart();
                break;
            case FaultKind.Wipe:
                if (AnyMember() is { } wiped && _world.Atlas.MayLose(wiped))
                {
                    wiped.Wipe();
                    _world.Count("disks lost");
                }

                break;
            case FaultKind.BitRot or FaultKind.LostWrite or FaultKind.MisdirectedWrite:
                if (AnyMember() is { } damaged)
                {
                    DamageDisk(damaged, kind);
                }

                break;
            case FaultKind.StaleRecord:
                if (AnyMember() is { } stale)
                {
                    LeaveStaleRecord(stale);
                }

                break;
            case FaultKind.PowerLossAtSwitch:
                if (AnyMember() is { } switching)
                {
                    switching.LosesPowerAtSwitch = true;
                }

                break;
            case FaultKind.SyncStall:
                if (AnyMember() is { } stalled)
                {
                    _stalledUntilNs[stalled.Number] = _world.NowNs + 50_000_000 + Duration() / 2;
                    _world.Count("syncs stalled");
                    _world.NoteFault(FaultKind.SyncStall, stalled.Number, "has a disk that stalls", endNs: _stalledUntilNs[stalled.Number]);
                }

                break;
            case FaultKind.SyncFailure:
                if (AnyMember() is { } failing)
                {
                    failing.Disk.NextSyncFails = true;
                    _world.Count("syncs failed");
                    _world.Breaks(FaultKind.SyncFailure, failing.Number, "has a disk whose next sync fails");
                }

                break;
            case FaultKind.DiskFull:
                if (AnyMember() is { } full)
                {
                    full.Disk.FreeBytes = _random.Below(1 << 20);
                    _world.Count("disks full");
                    int filled = _world.NoteFault(FaultKind.DiskFull, full.Number, "has a full disk");
                    Mend(1_000_000_000 + _random.Exponential(5_000_000_000), () =>
                    {
                        full.Disk.FreeBytes = 1L << 40;
                        _world.Mends(filled, full.Number, "has room on its disk again");
                    });
                }

                break;
            case FaultKind.ClockJump:
                if (AnyMember() is { } jumping)
                {
                    long jumpNs = _random.Exponential(2_000_000_000);
                    jumping.Clock.Jump(jumpNs);
                    _world.Breaks(FaultKind.ClockJump, jumping.Number, $"has a clock that jumps {jumpNs / 1_000_000} ms ahead");
                    _world.Count("clocks jumped");
                }

                break;
            case FaultKind.ClockDrift:
                if (AnyMember() is { } drifting)
                {
                    int driftPpm = _random.Between(-_world.Plan.Member.ClockDriftPpm, _world.Plan.Member.ClockDriftPpm);
                    drifting.Clock.SetRate(_world.NowNs, driftPpm);
                    _world.Breaks(FaultKind.ClockDrift, drifting.Number, $"has a clock that drifts by {driftPpm} ppm");
                    _world.Count("clocks drifted");
                }

                break;
            case FaultKind.EarlyTimeout:
                if (AnyMember() is { State: MemberState.Up } eager)
                {
                    _world.Count("early campaigns");
                    _world.Breaks(FaultKind.EarlyTimeout, eager.Number, "campaigns before its time");
                    eager.Turn(new ReplicaInput.Campaign());
                }

                break;
            case FaultKind.Transfer:
                _world.Operator.Transfer();
                break;
            case FaultKind.Coup:
                Coup();
                break;
            case FaultKind.CrashLoop:
                CrashLoop();
                break;
            case FaultKind.Priorities:
                _world.Operator.ChangePriority();
                break;
            case FaultKind.QuorumSizes:
                _world.Operator.ChangeQuorumSizes();
                break;
            case FaultKind.Alarm:
                _world.Operator.RaiseAlarm();
                break;
            case FaultKind.StateRot:
                RotState();
                break;
            case FaultKind.Auth:
                _world.Operator.ChangeAuth();
                break;
            case FaultKind.Membership:
                _world.Operator.ChangeMembers();
                break;
        }
    }

    private long Duration() => _random.Exponential(_world.Plan.Faults.MeanDurationMs) * 1_000_000;

    /// <summary>A running member, or null when there is none.</summary>
    private Member? AnyMember()
    {
        List<Member> running = [.. _world.Members.Where(static member => member.IsRunning)];
        return running.Count == 0 ? null : _random.Pick(running);
    }

    private (int From, int To) AnyPath()
    {
        int count = _world.Members.Count;
        int from = _random.Below(count);
        int to = (from + 1 + _random.Below(Math.Max(1, count - 1))) % count;
        return (from, to);
    }

    private void Mend(long afterNs, Action action)
    {
        bool done = false;
        Action once = () =>
        {
            if (!done)
            {
                done = true;
                action();
            }
        };
        _mend.Add(once);
        _world.Later(afterNs, once);
    }

    private void Partition(bool oneWay)
    {
        List<int> numbers = [.. _world.Members.Where(static member => member.State is not (MemberState.Retired or MemberState.Ruined)).Select(static member => member.Number)];
        if (numbers.Count < 2)
        {
            return;
        }

        _random.Shuffle(numbers);
        int cut = _random.Chance(0.4) ? 1 : _random.Between(1, numbers.Count - 1);
        if (_random.Chance(0.4) && _world.Operator.Leader() is { } leader && numbers.Remove(leader.Number))
        {
            // The leader's side is where it hurts.
            numbers.Insert(0, leader.Number);
        }

        if (_random.Chance(0.25))
        {
            // Two that cannot reach each other while everybody else reaches both.
            numbers.RemoveRange(2, numbers.Count - 2);
            cut = 1;
        }

        List<Link> blocked = [];
        List<int> side = [.. numbers.Take(cut).Order()];
        List<int> others = [.. numbers.Skip(cut).Order()];
        foreach (int one in numbers.Take(cut))
        {
            foreach (int other in numbers.Skip(cut))
            {
                blocked.Add(_world.Network.Between(one, other));
                if (!oneWay)
                {
                    blocked.Add(_world.Network.Between(other, one));
                }
            }
        }

        _world.Count(oneWay ? "one-way partitions" : "partitions");
        int span = _world.NoteFault(oneWay ? FaultKind.OneWay : FaultKind.Partition, -1, $"{Names(side)} {(oneWay ? "cannot send to" : "cut off from")} {Names(others)}", side, others);
        Block(blocked);
        Mend(20_000_000 + Duration(), () =>
        {
            Unblock(blocked);
            _world.NoteMend(span, "a partition heals");
        });
    }

    private static string Names(List<int> members) => string.Join(' ', members.Select(static number => $"m{number + 1}"));

    private static void Block(List<Link> links)
    {
        foreach (Link link in links)
        {
            link.Blocks++;
        }
    }

    private static void Unblock(List<Link> links)
    {
        foreach (Link link in links)
        {
            link.Blocks--;
        }
    }

    private void Swizzle()
    {
        List<int> numbers = [.. _world.Members.Select(static member => member.Number)];
        _random.Shuffle(numbers);
        int count = _random.Between(1, numbers.Count);
        _world.Count("swizzles");
        long lastNs = 0;
        List<(int Number, List<Link> Links)> cut = [];
        foreach (int number in numbers.Take(count))
        {
            List<Link> links = [.. _world.Members.Where(member => member.Number != number).SelectMany(member => new[] { _world.Network.Between(number, member.Number), _world.Network.Between(member.Number, number) })];
            cut.Add((number, links));
            long atNs = _random.Below(2_000_000_000L);
            lastNs = Math.Max(lastNs, atNs);
            bool over = false;
            int span = 0;
            _world.Later(atNs, () =>
            {
                if (!IsOver)
                {
                    Block(links);
                    over = true;
                    span = _world.Breaks(FaultKind.Swizzle, number, "is cut off from everybody", [number]);
                }
            });
            Mend(3_000_000_000 + _random.Below(3_000_000_000L), () =>
            {
                if (over)
                {
                    Unblock(links);
                    _world.Mends(span, number, "can reach everybody again");
                }
            });
        }
    }
}
