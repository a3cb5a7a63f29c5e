namespace Veche.Raft;

/// <summary>Counting who agrees. How many are enough is the configuration's to say (<see cref="QuorumSizes"/>).</summary>
internal static class Quorum
{
    /// <summary>Example: of {1, 2, 3}, {1, 3} are 2.</summary>
    public static bool Has(ReadOnlySpan<MemberId> voters, int size, Func<MemberId, bool> agrees)
    {
        int count = 0;
        foreach (MemberId voter in voters)
        {
            if (agrees(voter))
            {
                count++;
            }
        }

        return count >= size;
    }

    /// <summary>The highest index that so many have reached. Example: reached 5, 9, 7 gives 7 for a size of 2; reached 5, 9, 7, 3 gives 5 for 3. Without voters, 0.</summary>
    public static long Index(ReadOnlySpan<MemberId> voters, int size, Func<MemberId, long> reached)
    {
        if (voters.IsEmpty)
        {
            return 0;
        }

        Span<long> sorted = voters.Length <= 16 ? stackalloc long[voters.Length] : new long[voters.Length];
        for (int i = 0; i < voters.Length; i++)
        {
            sorted[i] = reached(voters[i]);
        }

        sorted.Sort();
        return sorted[voters.Length - size];
    }
}
