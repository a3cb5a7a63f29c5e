using Veche.Raft;
using Veche.Simulation.Members;

namespace Veche.Simulation.Tracing;

/// <summary>Where a member stands, as far as a trace shows it.</summary>
/// <param name="Role">What it is.</param>
/// <param name="Term">Its term.</param>
/// <param name="Leader">Whom it follows.</param>
/// <param name="Commit">Its commit index.</param>
/// <param name="Applied">Its applied index.</param>
internal readonly record struct Standing(TraceRole Role, long Term, MemberId Leader, long Commit, long Applied)
{
    public static Standing Of(Member member)
    {
        RaftCore core = member.Core;
        TraceRole role = core.Role switch
        {
            Raft.Role.Leader => TraceRole.Leader,
            Raft.Role.Candidate => TraceRole.Candidate,
            Raft.Role.PreCandidate => TraceRole.PreCandidate,
            _ => core.Configuration.IsLearner(core.Id) ? TraceRole.Learner : TraceRole.Follower,
        };
        return new Standing(role, core.Term, core.Leader, core.CommitIndex, member.AppliedIndex);
    }

    /// <summary>True when only the indexes differ.</summary>
    public bool OnlyMovedSince(Standing before) => this with { Commit = before.Commit, Applied = before.Applied } == before;
}
