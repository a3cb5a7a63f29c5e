using Veche.Raft;
using Veche.Replica;
using Veche.Simulation.Members;

namespace Veche.Simulation.Faults;

/// <summary>The people who run the cluster: they replace members whose disks are lost, let others come and go, and hand leadership over.</summary>
internal sealed class Operator(World world, SimulationRandom random)
{
    private const long LookEveryNs = 1_000_000_000;

    private long _token;
    private bool _isOver;

    /// <summary>Configuration changes that were completed.</summary>
    public long Changes { get; private set; }

    public void Begin() => world.Later(LookEveryNs, Look);

    public void End() => _isOver = true;

    public void Ended(Member member, AdministrationOutcome outcome)
    {
        if (outcome.Refusal == Refusal.None && !outcome.OutcomeUnknown)
        {
            Changes++;
            world.Count("administration done");
        }
    }

    /// <summary>Hands leadership over to somebody, or to the best.</summary>
    public void Transfer()
    {
        if (Leader() is { } leader)
        {
            MemberId to = random.Chance(0.5) ? MemberId.None : random.Pick(leader.Core.Configuration.AllMembers);
            world.Count("transfers asked for");
            leader.Turn(new ReplicaInput.Transfer(++_token, to));
        }
    }

    /// <summary>Adds, promotes or removes somebody.</summary>
    public void ChangeMembers()
    {
        // Now and then by somebody who does not wait for the last change to end.
        for (int changes = random.Chance(0.3) ? random.Between(2, 3) : 1; changes > 0; changes--)
        {
            ChangeSomething();
        }
    }

    /// <summary>Somebody new leads; an eager operator asks at once, whatever the leader before has left half done.</summary>
    public void Elected(Member leader)
    {
        if (_isOver || !world.Plan.Faults.Has(FaultKind.Membership) || !random.Chance(0.5))
        {
            return;
        }

        for (int changes = random.Between(1, 4); changes > 0; changes--)
        {
            world.Later(random.Exponential(10_000_000), () =>
            {
                if (!_isOver && Leader() == leader)
                {
                    ChangeSomething();
                }
            });
        }
    }

    private void ChangeSomething()
    {
        if (Leader() is not { } leader)
        {
            return;
        }

        Configuration configuration = leader.Core.Configuration;
        switch (random.Below(4))
        {
            case 0:
                Add(leader, random.Chance(0.3) ? ConfigurationOperation.AddVoter : ConfigurationOperation.AddLearner);
                break;
            case 1 when configuration.Learners.Count > 0:
                Change(leader, ConfigurationOperation.Promote, random.Pick(configuration.Learners));
                break;
            case 2 when configuration.AllMembers.Count > 2:
                MemberId leaving = random.Pick(configuration.AllMembers);
                if (RemainsSafeWithout(configuration, leaving))
                {
                    Change(leader, ConfigurationOperation.Remove, leaving);
                }

                break;
            case 3:
                Promote(leader);
                break;
        }

        if (random.Chance(0.3))
        {
            // Leadership goes while the change is under way.
            world.Later(random.Exponential(3_000_000), () =>
            {
                if (!_isOver)
                {
                    Transfer();
                }
            });
        }
    }

    /// <summary>The best leader there is to talk to.</summary>
    public Member? Leader()
    {
        Member? best = null;
        foreach (Member member in world.Members)
        {
            if (member.State == MemberState.Up && member.Core.Role == Role.Leader && (best is null || member.Core.Term > best.Core.Term))
            {
                best = member;
            }
        }

        return best;
    }

    private void Look()
    {
        if (_isOver)
        {
            return;
        }

        if (Leader() is { } leader)
        {
            Replace(leader);
            RetireThoseWhoLeft(leader);
        }

        world.Later(LookEveryNs + random.Exponential(LookEveryNs), Look);
    }

    /// <summary>One step on the way from a lost disk to a new member: remove, add, promote.</summary>
    private void Replace(Member leader)
    {
        Configuration configuration = leader.Core.Configuration;
        foreach (MemberId id in configuration.AllMembers)
        {
            if (world.Find(id) is { State: MemberState.Ruined } && RemainsSafeWithout(configuration, id))
            {
                Change(leader, ConfigurationOperation.Remove, id);
                return;
            }
        }

        if (configuration.Voters.Count >= world.Plan.Nodes || configuration.IsJoint)
        {
            return;
        }

        if (configuration.Learners.Count == 0)
        {
            Add(leader, ConfigurationOperation.AddLearner);
        }
        else
        {
            Promote(leader);
        }
    }

    private void Promote(Member leader)
    {
        foreach (FollowerProgress progress in leader.Core.Followers)
        {
            if (leader.Core.Configuration.IsLearner(progress.Member) && progress.RecentlyActive && progress.Match + 50 >= leader.Core.LastPosition.Index)
            {
                Change(leader, ConfigurationOperation.Promote, progress.Member);
                return;
            }
        }
    }

    private void Add(Member leader, ConfigurationOperation operation)
    {
        // Somebody who was started and never came in is asked again before another one is.
        Member? newcomer = world.Members.LastOrDefault(member => member.IsRunning && member.Number >= world.Plan.Nodes && member.Core.Configuration.AllMembers.Count == 0);
        if (newcomer is null)
        {
            if (world.Members.Count == World.MaxMembers)
            {
                return;
            }

            newcomer = world.AddMember(joins: true);
            newcomer.Start();
            world.Count("members started");
        }

        if (!leader.Core.Configuration.Contains(newcomer.Id))
        {
            Change(leader, operation, newcomer.Id);
        }
    }

    private void Change(Member leader, ConfigurationOperation operation, MemberId member)
    {
        world.Count("changes asked for");
        world.Note(leader.Number, $"is asked to {operation} {member}");
        leader.Turn(new ReplicaInput.Reconfigure(++_token, ConfigurationChange.Of(operation, member)));
    }

    private bool RemainsSafeWithout(Configuration configuration, MemberId leaving)
    {
        List<MemberId> voters = [.. configuration.Voters.Where(voter => voter != leaving)];
        MemberId[] witnesses = [.. voters.Where(configuration.IsWitness)];
        return voters.Count > 0 && QuorumSizes.Majority.Fit(voters.Count, witnesses.Length, out _) && world.Atlas.Survives(Configuration.Of(voters).WithWitnesses(witnesses));
    }

    private void RetireThoseWhoLeft(Member leader)
    {
        RaftCore core = leader.Core;
        if (core.Configuration.IsJoint || core.ConfigurationIndex > core.CommitIndex)
        {
            return;
        }

        foreach (Member member in world.Members)
        {
            if (member.State is MemberState.Up or MemberState.Down && !core.Configuration.Contains(member.Id) && member.LastConfiguration is { AllMembers.Count: > 0 } && random.Chance(0.2))
            {
                member.Retire();
            }
        }
    }
}
