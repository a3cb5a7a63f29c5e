using Veche.Raft;
using Veche.Simulation.Members;

namespace Veche.Simulation.Faults;

/// <summary>
/// Which disks are lost or damaged, so that what was acknowledged always survives on a majority: without this the impossible would be asked.
/// </summary>
internal sealed class Atlas(World world)
{
    private readonly SortedSet<int> _ruined = [];
    private readonly SortedSet<int> _damaged = [];
    private readonly SortedSet<int> _recovering = [];

    /// <summary>Disks that are lost.</summary>
    public int RuinedCount => _ruined.Count;

    /// <summary>True when a member's disk was damaged, so that it may refuse it.</summary>
    public bool ExpectsRuin(int member) => _damaged.Contains(member) || _ruined.Contains(member);

    public bool IsRuined(int member) => _ruined.Contains(member);

    public void Ruined(int member)
    {
        _damaged.Remove(member);
        _ruined.Add(member);
    }

    public void Damaged(int member) => _damaged.Add(member);

    /// <summary>True while a member fills its log anew: it may lack what it had acknowledged, and keeps out of elections.</summary>
    public bool IsRecovering(int member) => _recovering.Contains(member);

    public void Recovers(int member)
    {
        _damaged.Remove(member);
        _recovering.Add(member);
    }

    public void Recovered(int member) => _recovering.Remove(member);

    /// <summary>True when one more disk may be lost: every configuration that any member goes by keeps enough without it.</summary>
    public bool MayLose(Member candidate) => Survives(id => id != candidate.Id);

    /// <summary>True when a configuration keeps enough members whose disks are whole, and what it has committed.</summary>
    public bool Survives(Configuration configuration) => Suffice(configuration, IsWhole);

    /// <summary>
    /// True when some members can go on by themselves: they can elect, they can commit, one of them may lead, and nothing can have been committed by witnesses
    /// and those that are not left alone: a witness is no copy.
    /// </summary>
    public static bool Suffice(Configuration configuration, Func<MemberId, bool> members) =>
        configuration.HasQuorum(members)
        && configuration.Voters.Any(voter => members(voter) && configuration.PriorityOf(voter) > 0)
        && (configuration.Witnesses.Count == 0 || !configuration.HasCommitQuorum(id => configuration.IsWitness(id) || !members(id)));

    private bool Survives(Func<MemberId, bool> others)
    {
        foreach (Member member in world.Members)
        {
            if (!IsRecovering(member.Number) && member.LastConfiguration is { Voters.Count: > 0 } configuration && !Suffice(configuration, id => others(id) && IsWhole(id)))
            {
                return false;
            }
        }

        return true;
    }

    private bool IsWhole(MemberId id) => world.Find(id) is { } member && !ExpectsRuin(member.Number) && !IsRecovering(member.Number) && member.IsBelieved;
}
