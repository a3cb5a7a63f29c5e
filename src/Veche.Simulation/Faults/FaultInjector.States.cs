using Veche.Raft;
using Veche.Simulation.Members;

namespace Veche.Simulation.Faults;

/// <summary>States that are no longer what was committed. One at a time, and never where the others could not tell which one it is.</summary>
internal sealed partial class FaultInjector
{
    /// <summary>With fewer that hold data, one of them that differs is not a minority.</summary>
    private const int FewestStates = 3;

    private void RotState()
    {
        _world.Operator.LiftUndecided();
        if (_world.Members.Any(static member => member.IsStateWrong || member.IsQuarantined) || _world.Operator.Leader() is not { } leader)
        {
            return;
        }

        Configuration configuration = leader.Core.Configuration;
        List<MemberId> voters = [.. configuration.Voters.Where(voter => !configuration.IsWitness(voter))];
        if (configuration.IsJoint || leader.Core.ConfigurationIndex > leader.Core.CommitIndex || voters.Count < FewestStates)
        {
            return;
        }

        List<Member> candidates = [.. _world.Members.Where(member => member.MayRot && voters.Contains(member.Id) && _world.Atlas.MayLose(member))];
        if (candidates.Count > 0)
        {
            _random.Pick(candidates).Rot(unreadable: _random.Chance(0.3));
        }
    }
}
