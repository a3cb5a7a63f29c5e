namespace Veche.Raft;

/// <summary>
/// Writes a state down as numbers: two states with the same numbers behave alike. Members can be renamed on the way, so that states that
/// differ only in who is who are seen to be the same.
/// </summary>
internal sealed class StateWriter
{
    private readonly List<long> _numbers = [];
    private Func<MemberId, MemberId> _rename = static member => member;

    public IReadOnlyList<long> Numbers => _numbers;

    /// <summary>Begins anew, with other names.</summary>
    public void Reset(Func<MemberId, MemberId> rename)
    {
        _numbers.Clear();
        _rename = rename;
    }

    public void Number(long number) => _numbers.Add(number);

    public void Flag(bool flag) => _numbers.Add(flag ? 1 : 0);

    public void Member(MemberId member) => _numbers.Add((long)Renamed(member).Value);

    /// <summary>A set of members.</summary>
    public void Members(IReadOnlyCollection<MemberId> members)
    {
        Number(members.Count);
        foreach (MemberId member in InOrder(members, static member => member))
        {
            Member(member);
        }
    }

    public void Configuration(Configuration configuration)
    {
        Members(configuration.Voters);
        Members(configuration.OutgoingVoters);
        Members(configuration.Learners);
        foreach (QuorumSizes sizes in (ReadOnlySpan<QuorumSizes>)[configuration.Quorums, configuration.OutgoingQuorums])
        {
            Number(sizes.Election);
            Number(sizes.Commit);
        }

        foreach (MemberId member in InOrder(configuration.AllMembers, static member => member))
        {
            Number(configuration.PriorityOf(member));
            Flag(configuration.IsWitness(member));
        }
    }

    /// <summary>In the order that these would have under their new names.</summary>
    public IEnumerable<T> InOrder<T>(IEnumerable<T> items, Func<T, MemberId> memberOf) => items.OrderBy(item => Renamed(memberOf(item)));

    public ulong Hash()
    {
        ulong hash = 0x243F_6A88_85A3_08D3;
        foreach (long number in _numbers)
        {
            hash = Mix(hash ^ (ulong)number);
        }

        return Mix(hash + (ulong)_numbers.Count);
    }

    /// <summary>Spreads a number over 64 bits (the finaliser of SplitMix64).</summary>
    public static ulong Mix(ulong value)
    {
        value += 0x9E37_79B9_7F4A_7C15;
        value = (value ^ (value >> 30)) * 0xBF58_476D_1CE4_E5B9;
        value = (value ^ (value >> 27)) * 0x94D0_49BB_1331_11EB;
        return value ^ (value >> 31);
    }

    private MemberId Renamed(MemberId member) => member.IsNone ? member : _rename(member);
}
