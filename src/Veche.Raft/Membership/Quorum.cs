namespace Veche.Raft;

/// <summary>Majorities: floor(N/2) + 1 of N, so any two share a member.</summary>
internal static class Quorum
{
    /// <summary>Example: of {1, 2, 3}, {1, 3} is a majority; of {1, 2, 3, 4}, {1, 3} is not.</summary>
    public static bool HasMajority(ReadOnlySpan<MemberId> voters, Func<MemberId, bool> agrees)
    {
        int count = 0;
        foreach (MemberId voter in voters)
        {
            if (agrees(voter))
            {
                count++;
            }
        }

        return count > voters.Length / 2;
    }

    /// <summary>The highest index that a majority has reached. Example: reached 5, 9, 7 gives 7; reached 5, 9, 7, 3 gives 5. Without voters, 0.</summary>
    public static long MajorityIndex(ReadOnlySpan<MemberId> voters, Func<MemberId, long> reached)
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
        return sorted[(voters.Length - 1) / 2];
    }
}
