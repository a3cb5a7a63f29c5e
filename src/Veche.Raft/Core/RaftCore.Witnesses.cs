namespace Veche.Raft;

/// <summary>
/// Voters without data (Paris and Long, 1986: voting with witnesses). A witness remembers which entries there are, which is what elections ask about, and not what they
/// say, which is what clients ask about. So it counts for elections and commits like anybody; it never leads, and nobody gets entries or snapshots from it, because only
/// leaders send any.
/// </summary>
public sealed partial class RaftCore
{
    /// <summary>What a leader has said of it last.</summary>
    private long _copiedIndex;

    /// <summary>
    /// The last committed index that, for all this member knows, as many members with data hold durably as a commit needs. Behind <see cref="CommitIndex"/> where a commit
    /// stands on a witness instead of a copy of the data; the same where there are no witnesses. On a leader it is exact, elsewhere what the leader has last said.
    /// </summary>
    public long CopiedIndex =>
        Configuration.Witnesses.Count == 0 ? CommitIndex : _state is LeaderState ? Math.Max(_copiedIndex, Math.Min(CommitIndex, Configuration.DataQuorumIndex(_matchOf))) : _copiedIndex;

    private long CopiedFor(long commit) => Configuration.Witnesses.Count == 0 ? 0 : Math.Min(commit, CopiedIndex);

    /// <summary>
    /// A witness gets what would be committed if all witnesses had it; others get everything. Where a witness knew of an entry that nobody has who may lead (its leader
    /// has lost it in a crash, is being removed, or is gone for good), it could vote for nobody, and where its vote is needed, nobody would lead any more. So as many
    /// members with data hold what it knows of as hold what is committed with its help, and the loss that brings elections to an end is one that loses what was
    /// committed. It costs no commit: each needs those members anyway.
    /// </summary>
    private long LastFor(Progress follower) => follower.IsWitness ? Math.Min(LastPosition.Index, ForWitnesses()) : LastPosition.Index;

    private long ForWitnesses() => Configuration.QuorumIndex(member => Configuration.IsWitness(member) ? long.MaxValue : _matchOf(member));

    /// <summary>To be called when somebody with data holds more.</summary>
    private void SendToWitnesses(LeaderState leader)
    {
        if (Configuration.Witnesses.Count == 0 || !ReferenceEquals(_state, leader))
        {
            return;
        }

        foreach (Progress follower in leader.Followers)
        {
            if (follower.IsWitness)
            {
                SendAppends(follower);
            }
        }
    }

    /// <summary>
    /// A member that holds no data while the others count it as a copy would make commits of what is nowhere, and one that keeps data while the others send it none would
    /// take gaps for entries. Both stop before they acknowledge anything.
    /// </summary>
    private void RequireOwnKind(AppendRequest append)
    {
        if (append.ForWitness != _options.IsWitness)
        {
            throw WrongKind();
        }
    }

    private void RequireOwnKind(Configuration configuration)
    {
        if (configuration.Contains(Id) && configuration.IsWitness(Id) != _options.IsWitness)
        {
            throw WrongKind();
        }
    }

    private Configuration OfOwnKind(Configuration configuration)
    {
        RequireOwnKind(configuration);
        return configuration;
    }

    private InvariantBrokenException WrongKind() => new(_options.IsWitness
        ? $"Member {Id} was started as a witness, and its cluster has it as a member with data. Start it without that, or remove it and add it as a witness with an empty directory."
        : $"Member {Id} was started as a member with data, and its cluster has it as a witness. Start it as one, or remove it and add it without that with an empty directory.");
}
