using Veche.Replica;
using Veche.Simulation.Clients;
using Veche.Simulation.Members;
using Veche.Simulation.Network;

namespace Veche.Simulation.Faults;

/// <summary>Processes that end, stop or are started again, and what is plotted with that.</summary>
internal sealed partial class FaultInjector
{
    /// <summary>The one who wants to lead hears nothing from the leader, and asks whoever was just started and may not remember what it promised.</summary>
    private void Coup()
    {
        if (_world.Operator.Leader() is not { } leader)
        {
            return;
        }

        List<Member> others = [.. _world.Members.Where(member => member != leader && member.State == MemberState.Up && leader.Core.Configuration.IsVoter(member.Id))];
        if (others.Count < 2)
        {
            return;
        }

        _random.Shuffle(others);
        Member usurper = others[0];
        List<Link> cut = [_world.Network.Between(leader.Number, usurper.Number)];
        if (_random.Chance(0.5))
        {
            cut.Add(_world.Network.Between(usurper.Number, leader.Number));
        }

        Block(cut);
        _world.Count("coups");
        long electionNs = _world.Plan.Member.ElectionTimeoutMs * 1_000_000L;
        long atNs = electionNs + _random.Below(electionNs);
        int span = _world.NoteFault(FaultKind.Coup, usurper.Number, "does not hear the leader and wants to lead", [usurper.Number], [leader.Number]);
        for (int attempt = _random.Between(2, 5); attempt > 0; attempt--)
        {
            Member helper = others[1 + _random.Below(others.Count - 1)];
            _world.Later(atNs, () => Plot(usurper, helper));
            atNs += (electionNs / 4) + _random.Below(electionNs);
        }

        Mend(atNs + electionNs, () =>
        {
            Unblock(cut);
            _world.NoteMend(span, "a coup is over");
        });
    }

    private void Plot(Member usurper, Member helper)
    {
        if (IsOver || !helper.IsRunning)
        {
            return;
        }

        helper.Kill();
        StartLater(helper, 1_000_000);
        for (int attempt = 1; attempt <= 3; attempt++)
        {
            _world.Later(1_000_000 + (attempt * _random.Below(8_000_000L)), () =>
            {
                if (!IsOver && usurper.State == MemberState.Up)
                {
                    usurper.Turn(new ReplicaInput.Campaign());
                }
            });
        }
    }

    /// <summary>One that does not lead, for that one asks the leader; each of its lives is long enough to hear of a leader and to ask something.</summary>
    private void CrashLoop()
    {
        List<Member> followers = [.. _world.Members.Where(static member => member is { State: MemberState.Up, Core.Role: not Raft.Role.Leader })];
        if (followers.Count == 0)
        {
            return;
        }

        Member member = _random.Pick(followers);
        _world.Count("crash loops");
        int lives = _random.Between(3, 10);
        long meanLifeNs = _world.Plan.Member.HeartbeatIntervalMs * 500_000L;
        long endNs = 0;
        for (int life = 0; life < lives; life++)
        {
            _world.Later(endNs, () =>
            {
                if (!IsOver && member.IsRunning)
                {
                    member.Kill();
                    StartLater(member, 1_000_000 + _random.Below(3_000_000L));
                    foreach (Client client in _world.Clients)
                    {
                        if (_random.Chance(0.3))
                        {
                            client.TurnTo(member.Number);
                        }
                    }
                }
            });
            endNs += 5_000_000 + _random.Exponential(meanLifeNs);
        }

        _world.NoteFault(FaultKind.CrashLoop, member.Number, "is killed soon after each start", endNs: _world.NowNs + endNs);
    }

    private void Crash(Member? member, bool power)
    {
        if (member is null)
        {
            return;
        }

        _world.Count(power ? "power losses" : "kills");
        if (power)
        {
            member.LosePower();
        }
        else
        {
            member.Kill();
        }

        StartLater(member, 20_000_000 + (_random.Exponential(_world.Plan.Faults.MeanRestartMs) * 1_000_000));
    }

    private void StartLater(Member member, long afterNs) =>
        _world.Later(afterNs, () =>
        {
            if (member.State == MemberState.Down && !IsOver)
            {
                BeforeStart(member);
                member.Start();
            }
        });

    private void PauseSomebody()
    {
        if (AnyMember() is not { State: MemberState.Up } paused)
        {
            return;
        }

        long lengthNs = 50_000_000 + Duration();
        _world.Count("pauses");
        paused.Pause();
        int incarnation = paused.Incarnation;
        Mend(lengthNs, () =>
        {
            if (paused.Incarnation == incarnation)
            {
                paused.Resume();
            }
        });
    }

    private void RollingRestart()
    {
        _world.Count("rolling restarts");
        long atNs = 0;
        foreach (Member member in _world.Members)
        {
            _world.Later(atNs, () =>
            {
                if (!IsOver && member.IsRunning)
                {
                    member.Kill();
                    StartLater(member, 100_000_000);
                }
            });
            atNs += 500_000_000 + _random.Exponential(1_000_000_000);
        }
    }
}
