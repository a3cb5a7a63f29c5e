using Veche.Api;
using Veche.Api.Commands;
using Veche.Raft;
using Veche.Replica;
using Member = Veche.Simulation.Members.Member;

namespace Veche.Simulation.Faults;

/// <summary>Alarms: raised for a member, and lifted again after a while.</summary>
internal sealed partial class Operator
{
    public void RaiseAlarm()
    {
        var alarm = new AlarmMember
        {
            Alarm = random.Chance(0.6) ? AlarmType.Nospace : AlarmType.Corrupt,
            MemberID = (ulong)random.Between(1, world.Plan.Nodes),
        };
        world.Count("alarms raised");
        Ask(alarm, AlarmRequest.Types.AlarmAction.Activate);
        world.Later(random.Exponential(world.Plan.Faults.MeanDurationMs / 2) * 1_000_000L, () => Ask(alarm, AlarmRequest.Types.AlarmAction.Deactivate));
    }

    /// <summary>Lifts all that are raised, at one member; the world has ended its faults.</summary>
    public void LiftAlarms(Member member)
    {
        foreach ((ulong raisedFor, AlarmType kind) in world.Model.Alarms)
        {
            // One that says only that a member replaces its state holds nobody up, and goes by itself.
            if (kind != AlarmType.Corrupt || !world.Model.IsReplacing(raisedFor))
            {
                Ask(member, new AlarmMember { Alarm = kind, MemberID = raisedFor }, AlarmRequest.Types.AlarmAction.Deactivate);
            }
        }
    }

    /// <summary>Members differ and nobody knows who is right: whoever has looked into it lets the cluster go on.</summary>
    public void LiftUndecided()
    {
        if (world.Model.Alarms.Contains((0UL, AlarmType.Corrupt)))
        {
            Ask(new AlarmMember { Alarm = AlarmType.Corrupt }, AlarmRequest.Types.AlarmAction.Deactivate);
        }
    }

    /// <summary>And when the one whose state is wrong leads, somebody else must, or it would give nobody a state that could be compared.</summary>
    public void SeeToStates()
    {
        LiftUndecided();
        if (Leader() is { IsStateWrong: true } leader)
        {
            leader.Turn(new ReplicaInput.Transfer(++_token, MemberId.None));
        }
    }

    private void Ask(AlarmMember alarm, AlarmRequest.Types.AlarmAction action)
    {
        List<Member> up = [.. world.Members.Where(static member => member.State == Members.MemberState.Up)];
        if (up.Count > 0)
        {
            Ask(random.Pick(up), alarm, action);
        }
    }

    private void Ask(Member member, AlarmMember alarm, AlarmRequest.Types.AlarmAction action)
    {
        world.Note(member.Number, $"is asked to {action} the alarm {alarm.Alarm} of {alarm.MemberID}");
        // Members raise alarms themselves; they are lifted by people.
        member.Administer(new Command { Alarm = new AlarmRequest { Action = action, Alarm = alarm.Alarm, MemberID = alarm.MemberID }, Caller = action == AlarmRequest.Types.AlarmAction.Activate ? member.Itself : null });
    }
}
