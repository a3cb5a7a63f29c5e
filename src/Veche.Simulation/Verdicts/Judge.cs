using Veche.Raft;
using Veche.Replica;

namespace Veche.Simulation.Verdicts;

/// <summary>
/// Holds every member to the promises of the protocol after every step: election safety, leader append-only, log matching, leader
/// completeness, state machine safety (Raft, figure 3), and what must be durable before it is said.
/// </summary>
internal sealed class Judge
{
    private readonly Dictionary<long, MemberId> _leaders = [];
    private readonly Dictionary<(MemberId Voter, long Term), MemberId> _votes = [];

    public Canon Canon { get; init; } = new();

    /// <summary>How many things were looked at.</summary>
    public long Checks { get; private set; }

    /// <summary>Terms in which somebody led.</summary>
    public int TermsLed => _leaders.Count;

    /// <summary>The highest term in which somebody led.</summary>
    public long TermLed { get; private set; }

    /// <summary>A member leads a term.</summary>
    public void Leads(RaftCore core)
    {
        Checks++;
        if (!_leaders.TryAdd(core.Term, core.Id) && _leaders[core.Term] != core.Id)
        {
            throw new ViolationException("two leaders in one term", $"{core.Id} leads term {core.Term}, which {_leaders[core.Term]} led");
        }

        TermLed = Math.Max(TermLed, core.Term);

        // Leader completeness: whatever was committed in an earlier term is in its log. (A leader of an old term may be late to know that it was elected.)
        long first = Math.Max(core.FirstIndex, 1);
        for (long index = first; index <= Canon.CommittedIndex; index++)
        {
            if (Canon.CommittedIn(index) < core.Term && (index > core.LastPosition.Index || core.TermAt(index) != Canon.CommittedTerm(index)))
            {
                throw new ViolationException("a leader lacks a committed entry", $"{core.Id} leads term {core.Term} with a log to {core.LastPosition}, without the entry of term {Canon.CommittedTerm(index)} committed at {index}");
            }
        }
    }

    /// <summary>A member hands a write to its log.</summary>
    /// <param name="core">Who.</param>
    /// <param name="write">What.</param>
    /// <param name="before">Its durable log together with the writes before this one.</param>
    public void Writes(RaftCore core, LogWrite write, DurableLog before)
    {
        Checks++;
        if (write.KeepThrough is { } keep)
        {
            if (core.Role == Role.Leader)
            {
                throw new ViolationException("a leader removed entries of its own log", $"{core.Id}, leader of term {core.Term}, keeps through {keep} of {before.LastIndex}");
            }

            for (long index = keep + 1; index <= Math.Min(before.LastIndex, Canon.CommittedIndex); index++)
            {
                // One that was committed in a later term than this member knows of may go: a leader before that can have lacked it, and nobody counted this copy.
                if (before.TermAt(index) == Canon.CommittedTerm(index) && Canon.CommittedIn(index) <= core.Term)
                {
                    throw new ViolationException("a committed entry was removed", $"{core.Id} keeps through {keep}, but entry {index} of term {before.TermAt(index)} is committed");
                }
            }
        }

        if (write.HardState is { } hardState && hardState.Term < before.HardState.Term)
        {
            throw new ViolationException("a term fell", $"{core.Id} goes from term {before.HardState.Term} to {hardState.Term}");
        }

        if (write.Reset is { } reset && Canon.Founders.AllMembers.Count > 0 && !Canon.IsInForce(reset.Configuration, reset.Position.Index))
        {
            throw new ViolationException("a snapshot has another configuration than was committed", $"{core.Id} begins anew at {reset.Position} with {reset.Configuration}; it should be {Canon.ConfigurationAt(reset.Position.Index)}");
        }

        (long changedAt, Configuration old) = (before.ConfigurationIndex, before.Configuration);
        before.Take(write);
        if (core.Role == Role.Leader && before.ConfigurationIndex > changedAt && write.Reset is null)
        {
            Reconfigures(core, old, changedAt, before.Configuration);
        }

        for (int i = 0; i < write.Entries.Count; i++)
        {
            Entry entry = write.Entries[i];
            if (Canon.Append(entry, before.TermAt(entry.Index - 1), Canon.Founders.IsWitness(core.Id)) is { } wrong)
            {
                throw new ViolationException("logs do not match", $"{core.Id}: {wrong}");
            }
        }
    }

    /// <summary>A member has handed all writes of a step to its log: it goes by the last configuration in it, committed or not (Raft §6).</summary>
    public void GoesBy(RaftCore core, DurableLog log)
    {
        Checks++;
        if (!core.Configuration.Equals(log.Configuration))
        {
            throw new ViolationException("a member goes by another configuration than the last in its log", $"{core.Id} goes by {core.Configuration}; the last is {log.Configuration}");
        }
    }

    /// <summary>A leader changes the configuration (Raft §6): one change after the other, and never so that two majorities could decide without each other.</summary>
    private void Reconfigures(RaftCore core, Configuration old, long changedAt, Configuration next)
    {
        const int MostToTry = 10;

        Checks++;
        if (changedAt > Math.Max(Canon.CommittedIndex, core.CommitIndex))
        {
            throw new ViolationException("a configuration was changed before the last change was committed", $"{core.Id} changes {old} of {changedAt} to {next}; {Canon.CommittedIndex} is committed");
        }

        if (core.CommitIndex < core.FirstIndex - 1 || core.TermAt(core.CommitIndex) != core.Term)
        {
            throw new ViolationException("a configuration was changed before anything of the term was committed", $"{core.Id} changes {old} to {next} in term {core.Term}");
        }

        MemberId[] all = [.. old.AllMembers.Concat(next.AllMembers).Distinct()];
        for (int set = 0; all.Length <= MostToTry && set < 1 << all.Length; set++)
        {
            int chosen = set;
            bool IsIn(MemberId member) => (chosen >> Array.IndexOf(all, member) & 1) != 0;
            bool IsOut(MemberId member) => !IsIn(member);
            if ((old.HasElectionQuorum(IsIn) && (next.HasElectionQuorum(IsOut) || next.HasCommitQuorum(IsOut))) || (old.HasCommitQuorum(IsIn) && next.HasElectionQuorum(IsOut)))
            {
                throw new ViolationException("two configurations can decide without each other", $"{core.Id} changes {old} to {next}");
            }
        }
    }

    /// <summary>A member's commit index has moved.</summary>
    /// <param name="core">Who.</param>
    /// <param name="before">From where.</param>
    /// <param name="holds">True when a member durably holds an entry.</param>
    public void Commits(RaftCore core, long before, Func<MemberId, long, long, bool> holds)
    {
        Checks++;
        if (core.CommitIndex < before)
        {
            throw new ViolationException("a commit index fell", $"{core.Id} goes from {before} to {core.CommitIndex}");
        }

        for (long index = Math.Max(before + 1, core.FirstIndex); index <= core.CommitIndex; index++)
        {
            long term = core.TermAt(index);
            bool isNew = index > Canon.CommittedIndex;
            if (Canon.Commit(index, term, core.Term) is { } wrong)
            {
                throw new ViolationException("committed entries differ", $"{core.Id} in term {core.Term}: {wrong}");
            }

            if (isNew)
            {
                CommitsFirst(core, index, term, holds);
            }
        }
    }

    private static void CommitsFirst(RaftCore core, long index, long term, Func<MemberId, long, long, bool> holds)
    {
        if (!core.Configuration.HasCommitQuorum(member => holds(member, index, term)))
        {
            throw new ViolationException("an entry was committed that no quorum holds durably", $"{core.Id} in term {core.Term} commits entry {index} of term {term} with {core.Configuration}");
        }

        if (core.Configuration.Witnesses.Count > 0 && !core.Configuration.AllMembers.Any(member => !core.Configuration.IsWitness(member) && holds(member, index, term)))
        {
            throw new ViolationException("an entry was committed whose data nobody holds", $"{core.Id} in term {core.Term} commits entry {index} of term {term} with {core.Configuration}");
        }
    }

    /// <summary>What a leader says of copies is true: as many members with data as a commit needs hold what it calls copied.</summary>
    public void Copied(RaftCore core, Func<MemberId, long, long, bool> holds)
    {
        long index = core.CopiedIndex;
        if (core.Role != Role.Leader || core.Configuration is { IsJoint: true } or { Witnesses.Count: 0 } || index < core.FirstIndex)
        {
            return;
        }

        Checks++;
        long term = core.TermAt(index);

        // By the configuration that it was called so with; another one may need more.
        Configuration configuration = core.ConfigurationAt(index);
        if (configuration.Equals(core.Configuration) && !HasCopies(configuration, index, term, holds))
        {
            throw new ViolationException("an entry was called copied that too few members with data hold", $"{core.Id} in term {core.Term} calls entry {index} of term {term} copied with {configuration}");
        }
    }

    private static bool HasCopies(Configuration configuration, long index, long term, Func<MemberId, long, long, bool> holds) =>
        configuration.DataQuorumIndex(member => holds(member, index, term) ? index : 0) >= index;

    /// <summary>A message leaves a member.</summary>
    public void Sends(PeerMessage message, DurableLog durable)
    {
        switch (message.Body)
        {
            case VoteReply { Granted: true, PreVote: false } reply:
                Votes(reply.From, reply.Term, reply.To, durable);
                break;
            case VoteRequest request when Canon.Founders.IsWitness(request.From):
                throw new ViolationException("a witness campaigns", $"{request.From} asks for votes in term {request.Term}");
            case VoteRequest { PreVote: false } request:
                Votes(request.From, request.Term, request.From, durable);
                break;
            case AppendAccepted accepted:
                Checks++;

                // One of an earlier term tells the truth about then; a later leader may have had it removed since.
                if (accepted.Term >= durable.HardState.Term && accepted.Match > durable.LastIndex)
                {
                    throw new ViolationException("an append was acknowledged before it was durable", $"{accepted.From} acknowledges {accepted.Match} in term {accepted.Term}, but only {durable.LastIndex} is durable");
                }

                break;
        }
    }

    private void Votes(MemberId voter, long term, MemberId candidate, DurableLog durable)
    {
        Checks++;
        if (!_votes.TryAdd((voter, term), candidate) && _votes[(voter, term)] != candidate)
        {
            throw new ViolationException("a member voted twice in one term", $"{voter} votes for {candidate} in term {term} after {_votes[(voter, term)]}");
        }

        if (durable.HardState.Term == term && durable.HardState.Vote != candidate)
        {
            throw new ViolationException("a vote was given before it was durable", $"{voter} votes for {candidate} in term {term}; durable is {durable.HardState}");
        }
    }
}
