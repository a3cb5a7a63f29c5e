using System.Diagnostics.CodeAnalysis;

namespace Veche.Raft;

/// <summary>
/// How many of N voters elect a leader, and how many make an entry committed (flexible quorums: Howard, Malkhi, Spiegelman 2016). Any election quorum has
/// to share a member with any commit quorum, or a leader could be elected that lacks what is committed: <c>Election + Commit &gt; N</c>. And any two
/// election quorums have to share a member, or a term could have two leaders: <c>2 Election &gt; N</c>. Two commit quorums need not meet.
/// </summary>
/// <param name="Election">Votes that elect. 0, the default, for a majority; otherwise more than half of the voters and at most all.</param>
/// <param name="Commit">Voters that must hold an entry durably for it to be committed, the leader's own disk counted. 0, the default, for a majority; otherwise 1 to all.</param>
public readonly record struct QuorumSizes(int Election, int Commit)
{
    /// <summary>A majority for both, whatever the number of voters: floor(N/2) + 1.</summary>
    public static readonly QuorumSizes Majority;

    /// <summary>Votes that elect one of so many voters.</summary>
    public int ElectionOf(int voters) => Election == 0 ? (voters / 2) + 1 : Election;

    /// <summary>How many of so many voters have to hold an entry.</summary>
    public int CommitOf(int voters) => Commit == 0 ? (voters / 2) + 1 : Commit;

    /// <summary>Whether these sizes are safe for so many voters; if not, why, and what to do.</summary>
    public bool Fit(int voters, [NotNullWhen(false)] out string? reason)
    {
        int election = ElectionOf(voters);
        int commit = CommitOf(voters);
        reason =
            election < 1 || commit < 1 || election > voters || commit > voters ? $"of {voters} voters, a quorum has 1 to {voters}: an election quorum of {election} and a commit quorum of {commit} do not fit"
            : 2 * election <= voters ? $"of {voters} voters, two election quorums of {election} need not share a voter, so two members could lead one term: make it at least {(voters / 2) + 1}"
            : election + commit <= voters ? $"of {voters} voters, an election quorum of {election} and a commit quorum of {commit} need not share a voter, so a leader could lack what is committed: together they have to be more than {voters}"
            : null;
        return reason is null;
    }

    /// <summary>
    /// The same where some of the voters are witnesses: no commit quorum may be made of them alone, or what is committed could be nowhere. So there are fewer
    /// witnesses than a commit needs.
    /// </summary>
    public bool Fit(int voters, int witnesses, [NotNullWhen(false)] out string? reason)
    {
        if (!Fit(voters, out reason))
        {
            return false;
        }

        int commit = CommitOf(voters);
        reason = witnesses < commit ? null
            : $"of {voters} voters, {(witnesses == 1 ? "1 is a witness" : $"{witnesses} are witnesses")}, and a commit quorum of {commit} could be {(commit == 1 ? "a witness" : "witnesses")} alone, so what is committed could be held by nobody: have at most {commit - 1} of so many";
        return reason is null;
    }

    /// <inheritdoc/>
    public override string ToString() => this == Majority ? "majority" : $"election {(Election == 0 ? "majority" : Election)}, commit {(Commit == 0 ? "majority" : Commit)}";
}
