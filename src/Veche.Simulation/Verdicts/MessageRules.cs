using Veche.Raft;
using Veche.Replica;
using Veche.Simulation.Members;

namespace Veche.Simulation.Verdicts;

/// <summary>What may be said of other members: held against what they really hold, which no member could know.</summary>
internal sealed class MessageRules(World world)
{
    /// <summary>Who has said to whom that it would vote for it in which term.</summary>
    private readonly HashSet<(MemberId Voter, MemberId Candidate, long Term)> _wouldVote = [];

    /// <summary>A message leaves a member.</summary>
    public void Sends(RaftCore core, PeerMessage message, DurableLog durable)
    {
        switch (message.Body)
        {
            case AppendRequest append:
                CalledCommitted(core, append.Commit);
                break;
            case Heartbeat heartbeat:
                CalledCommitted(core, heartbeat.Commit);
                if (heartbeat.Commit > 0 && !world.Holds(message.To, heartbeat.Commit, world.Judge.Canon.CommittedTerm(heartbeat.Commit)))
                {
                    throw new ViolationException("a heartbeat vouches for an entry that its receiver does not hold", $"{core.Id} tells {message.To} that {heartbeat.Commit} is committed");
                }

                break;
            case VoteReply { PreVote: true, Granted: true } reply:
                _wouldVote.Add((core.Id, message.To, reply.Term));
                break;
            case VoteRequest { PreVote: false, LeaderTransfer: false } request when core.Role == Role.Candidate && core.Term == request.Term:
                // thesis §9.6: or it would depose a leader that the others still hear.
                if (!WouldBeElected(core, request.Term))
                {
                    throw new ViolationException("a member campaigns although no quorum had said that it would vote for it", $"{core.Id} in term {request.Term}, with {core.Configuration}");
                }

                break;
            case TimeoutNow:
                // Raft's author (thesis §3.10): the target has everything first.
                if (!world.Holds(message.To, core.LastPosition.Index, core.LastPosition.Term))
                {
                    throw new ViolationException("leadership was handed to a member that lacks entries", $"{core.Id} hands over to {message.To}, which does not hold {core.LastPosition}");
                }

                break;
            case AppendAccepted accepted when accepted.Term >= durable.HardState.Term && accepted.Match > durable.Base.Index:
                if (world.Find(message.To) is { IsRunning: true } leader && leader.Core.Role == Role.Leader && leader.Core.Term == accepted.Term
                    && accepted.Match >= leader.Core.FirstIndex && (accepted.Match > leader.Core.LastPosition.Index || leader.Core.TermAt(accepted.Match) != durable.TermAt(accepted.Match)))
                {
                    throw new ViolationException("an append was acknowledged that is not the leader's", $"{core.Id} acknowledges {accepted.Match} of term {durable.TermAt(accepted.Match)} to {message.To}, whose log goes to {leader.Core.LastPosition}");
                }

                break;
        }
    }

    /// <summary>A member begins to lead: nobody may still go by the lease of an earlier term.</summary>
    public void Leads(RaftCore core)
    {
        foreach (Member other in world.Members)
        {
            if (other.IsRunning && other.Core.Role == Role.Leader && other.Core.Term < core.Term && other.HoldsLease)
            {
                throw new ViolationException("a leader was elected while another had its lease", $"{core.Id} leads term {core.Term}; {other.Id} answers reads by its lease of term {other.Core.Term}");
            }
        }
    }

    private bool WouldBeElected(RaftCore core, long term) =>
        core.Configuration.HasElectionQuorum(member => member == core.Id || _wouldVote.Contains((member, core.Id, term)));

    private void CalledCommitted(RaftCore core, long commit)
    {
        if (commit > world.Judge.Canon.CommittedIndex)
        {
            throw new ViolationException("a message calls committed what is not", $"{core.Id} says {commit}; {world.Judge.Canon.CommittedIndex} is committed");
        }
    }
}
