using Veche.Exploration.Members;
using Veche.Raft;

namespace Veche.Exploration.Search;

/// <summary>What has happened and must go on being true, though no member may remember it. Immutable.</summary>
internal sealed class Past
{
    private Past(MemberId[] leaders, CommittedEntry[] committed, long[] floors, ulong[] hashes)
    {
        Leaders = leaders;
        Committed = committed;
        Floors = floors;
        Hashes = hashes;
    }

    /// <summary>An entry that some member has called committed.</summary>
    /// <param name="Entry">The entry.</param>
    /// <param name="InTerm">The term of the member that first did.</param>
    public readonly record struct CommittedEntry(Entry Entry, long InTerm);

    /// <summary>Who has led each term, or nobody yet.</summary>
    public MemberId[] Leaders { get; }

    /// <summary>From index 1 on.</summary>
    public CommittedEntry[] Committed { get; }

    /// <summary>By number of the read, from 1 on: what was committed when it was asked, or -1 once it was answered.</summary>
    public long[] Floors { get; }

    /// <summary>Under each renaming of the members.</summary>
    public ulong[] Hashes { get; }

    public static Past None(Scenario scenario, Symmetry symmetry) => Make(new MemberId[scenario.MaxTerm + 1], [], [], symmetry);

    public Past WithLeader(long term, MemberId leader, Symmetry symmetry)
    {
        MemberId[] leaders = [.. Leaders];
        leaders[term] = leader;
        return Make(leaders, Committed, Floors, symmetry);
    }

    public Past WithCommitted(IEnumerable<CommittedEntry> more, Symmetry symmetry) => Make(Leaders, [.. Committed, .. more], Floors, symmetry);

    public Past WithReadAsked(Symmetry symmetry) => Make(Leaders, Committed, [.. Floors, Committed.Length], symmetry);

    public Past WithReadAnswered(long readId, Symmetry symmetry)
    {
        long[] floors = [.. Floors];
        floors[readId - 1] = -1;
        return Make(Leaders, Committed, floors, symmetry);
    }

    private static Past Make(MemberId[] leaders, CommittedEntry[] committed, long[] floors, Symmetry symmetry)
    {
        ulong[] hashes = new ulong[symmetry.Count];
        var writer = new StateWriter();
        for (int i = 0; i < hashes.Length; i++)
        {
            writer.Reset(symmetry.Renaming(i));
            foreach (MemberId leader in leaders)
            {
                writer.Member(leader);
            }

            writer.Number(committed.Length);
            foreach (CommittedEntry entry in committed)
            {
                writer.Describe([entry.Entry]);
                writer.Number(entry.InTerm);
            }

            foreach (long floor in floors)
            {
                writer.Number(floor);
            }

            hashes[i] = StateWriter.Mix(writer.Hash() ^ 0x7061_7374);
        }

        return new Past(leaders, committed, floors, hashes);
    }
}
