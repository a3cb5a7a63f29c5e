using Veche.Api.Commands;
using Veche.Raft;
using Veche.Replica;
using Veche.Store.Integrity;
using Member = Veche.Simulation.Members.Member;

namespace Veche.Simulation.Verdicts;

/// <summary>
/// A state that is not what was committed: once the members' own reports show whose it is, nothing of it may be shown; and a state that is right is never taken for wrong. Counts the reports for
/// itself, in the order they were committed in.
/// </summary>
internal sealed class StateRules(World world)
{
    private readonly List<long> _checks = [];
    private readonly Dictionary<long, List<StateHash.Types.Report>> _reports = [];

    /// <summary>By member and number of its state: the index from which on everybody can know that it is wrong.</summary>
    private readonly Dictionary<(ulong Member, ulong State), long> _knownWrongAt = [];

    /// <summary>A check was committed.</summary>
    public void Checked(long index) => _checks.Add(index);

    /// <summary>A report was committed.</summary>
    public void Reported(StateHash.Types.Report report, long index)
    {
        if (_checks.Count > StateVote.RoundsKept && report.Index < _checks[^StateVote.RoundsKept])
        {
            return;
        }

        if (!_reports.TryGetValue(report.Index, out List<StateHash.Types.Report>? reports))
        {
            _reports.Add(report.Index, reports = []);
        }

        reports.RemoveAll(other => other.Member == report.Member);
        reports.Add(report);

        // Who counts while the members change is a matter of a moment; then this rule says nothing.
        Configuration configuration = world.Judge.Canon.ConfigurationAt(index);
        if (configuration.IsJoint || !configuration.Equals(world.Judge.Canon.ConfigurationAt(report.Index)))
        {
            return;
        }

        List<ulong> voters = [.. configuration.Voters.Where(voter => !configuration.IsWitness(voter)).Select(static voter => voter.Value)];
        foreach (StateHash.Types.Report one in reports.Where(one => voters.Contains(one.Member)))
        {
            int others = reports.Count(other => voters.Contains(other.Member) && (other.Stored != one.Stored || other.Next != one.Next));
            if (others > voters.Count / 2 && reports.Where(other => other.Member != one.Member && voters.Contains(other.Member)).Select(static other => (other.Stored, other.Next)).Distinct().Count() == 1)
            {
                _knownWrongAt.TryAdd((one.Member, one.State), index);
            }
        }
    }

    /// <summary>A member shows something of its state.</summary>
    public void Shows(Member member, ulong state)
    {
        if (member.IsQuarantined)
        {
            throw new ViolationException("a state was shown that its own member does not trust", $"{member.Id} at {member.Store.Applied}");
        }

        if (member.IsStateWrong && _knownWrongAt.TryGetValue((member.Id.Value, state), out long index) && member.AppliedIndex >= index)
        {
            throw new ViolationException("a state was shown that is known to be wrong", $"{member.Id} at {member.Store.Applied}; the reports through {index} show it");
        }
    }

    /// <summary>A member has learnt something of states.</summary>
    public void Finds(Member member, StateFinding finding)
    {
        if (finding.Verdict == StateVerdict.Differs && !member.IsStateWrong && finding.Index > member.WrongThrough)
        {
            throw new ViolationException("a state that is right was found wrong", $"{member.Id}: {finding.Reason}");
        }

        if (finding.Verdict == StateVerdict.Undecided && !world.StatesRotted)
        {
            throw new ViolationException("states were said to differ that do not", $"{member.Id}: {finding.Reason}");
        }
    }

    /// <summary>A member that does not trust its state sends messages. What it had begun before that may go on, and when nobody else has led for long it may be the only one who can.</summary>
    /// <param name="core">Who.</param>
    /// <param name="campaignsThrough">The last term that it may ask for votes in.</param>
    /// <param name="quietNs">For how long it has not followed anybody.</param>
    /// <param name="message">What.</param>
    public void Sends(RaftCore core, long campaignsThrough, long quietNs, PeerMessage message)
    {
        const int TimeoutsToWait = 10;

        if (message.Body is VoteRequest request && request.Term > campaignsThrough && quietNs < TimeoutsToWait * world.Plan.Member.ElectionTimeoutMs * 1_000_000L)
        {
            throw new ViolationException("a member campaigns whose state is not to be trusted", $"{core.Id} asks for votes in term {request.Term}");
        }
    }

    /// <summary>A member gives its state to another.</summary>
    public static void Gives(RaftCore core, StateTrust trust, SnapshotSend send)
    {
        if (trust != StateTrust.Trusted)
        {
            throw new ViolationException("a state was given away that is not to be trusted", $"{core.Id} to {send.To}");
        }
    }
}
