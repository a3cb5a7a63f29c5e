using Veche.Exploration.Members;

namespace Veche.Exploration.Search;

/// <summary>
/// All members, and every message that was ever sent: each may arrive at any time, any number of times, or never. So loss, repetition, delay and
/// overtaking need no moves of their own. Left out are messages that their receiver will ignore for ever. Immutable; what two states share they
/// share in memory.
/// </summary>
internal sealed class GlobalState
{
    private readonly ulong[] _sums;

    private GlobalState(MemberState[] members, int[] network, Past past, Spent spent, ulong[] sums)
    {
        Members = members;
        Network = network;
        Past = past;
        Spent = spent;
        _sums = sums;
        ulong spentHash = spent.Hash;
        Fingerprint = ulong.MaxValue;
        for (int i = 0; i < sums.Length; i++)
        {
            Fingerprint = Math.Min(Fingerprint, Raft.StateWriter.Mix(sums[i] + past.Hashes[i] + spentHash));
        }
    }

    public MemberState[] Members { get; }

    /// <summary>Numbers of the messages, in order of their sending.</summary>
    public int[] Network { get; }

    public Past Past { get; }

    public Spent Spent { get; }

    /// <summary>Equal for states that are the same but for the members' names; otherwise, but for one chance in 2^64, different.</summary>
    public ulong Fingerprint { get; }

    public static GlobalState Initial(MemberState[] members, Past past)
    {
        ulong[] sums = new ulong[past.Hashes.Length];
        foreach (MemberState member in members)
        {
            Add(sums, member.Hashes);
        }

        return new GlobalState(members, [], past, default, sums);
    }

    /// <summary>One member has moved.</summary>
    public GlobalState After(int place, Answer answer, int[] network, Past past, Spent spent, MessageTable messages)
    {
        ulong[] sums = [.. _sums];
        MemberState[] members = Members;
        if (members[place] != answer.Next)
        {
            Subtract(sums, members[place].Hashes);
            Add(sums, answer.Next.Hashes);
            members = [.. members];
            members[place] = answer.Next;
        }

        if (network != Network)
        {
            foreach (int message in Network)
            {
                Subtract(sums, messages.HashesOf(message));
            }

            foreach (int message in network)
            {
                Add(sums, messages.HashesOf(message));
            }
        }

        return new GlobalState(members, network, past, spent, sums);
    }

    /// <summary>Nothing that was sent before arrives any more, and what was spent is forgotten.</summary>
    public GlobalState Settled()
    {
        GlobalState fresh = Initial(Members, Past);
        return new GlobalState(fresh.Members, [], Past, default, fresh._sums);
    }

    private static void Add(ulong[] sums, ulong[] hashes)
    {
        for (int i = 0; i < sums.Length; i++)
        {
            sums[i] += hashes[i];
        }
    }

    private static void Subtract(ulong[] sums, ulong[] hashes)
    {
        for (int i = 0; i < sums.Length; i++)
        {
            sums[i] -= hashes[i];
        }
    }
}
