namespace Veche.Raft.Tests;

/// <summary>One core with a hand on everything around it: time, disk, and what it sends.</summary>
internal sealed class CoreHarness
{
    public static readonly MemberId Self = new(1);
    private readonly RaftOutput _output = new();

    public CoreHarness(int members = 3, RaftOptions? options = null, RaftStart? start = null)
    {
        Options = options ?? DefaultOptions;
        Core = new RaftCore(Options, start ?? StartWith(members), 0);
    }

    public static RaftOptions DefaultOptions { get; } = new() { Id = Self, Seed = 42, ElectionTimeoutMs = 100, HeartbeatIntervalMs = 10, PreVote = false, CheckQuorum = false };

    public RaftOptions Options { get; }

    public RaftCore Core { get; }

    public long NowNs { get; private set; }

    /// <summary>What the last step wanted.</summary>
    public RaftOutput Out => _output;

    public List<LogWrite> Writes { get; } = [];

    public static RaftStart StartWith(int members, HardState hardState = default, params long[] terms) => new()
    {
        HardState = hardState,
        Base = new SnapshotPoint(LogPosition.Zero, Voters(members)),
        Entries = [.. terms.Select(static (term, i) => new EntrySummary(i + 1, term, Entry.OverheadBytes))],
    };

    public static Configuration Voters(int count) => Configuration.Of(Enumerable.Range(1, count).Select(static i => new MemberId((ulong)i)));

    public static MemberId M(int number) => new((ulong)number);

    public RaftOutput Step(RaftInput input)
    {
        _output.Clear();
        Core.Step(input, NowNs, _output);
        if (_output.Write is { } write)
        {
            Writes.Add(write);
        }

        return _output;
    }

    public RaftOutput Receive(Message message) => Step(new RaftInput.Received(message));

    public RaftOutput Persist() => Step(new RaftInput.Persisted(Writes[^1].WriteId));

    public RaftOutput Wait(double milliseconds)
    {
        NowNs += (long)(milliseconds * 1_000_000);
        return Step(new RaftInput.Tick());
    }

    public RaftOutput Propose(params string[] commands) =>
        Step(new RaftInput.Propose([.. commands.Select(static command => (ReadOnlyMemory<byte>)System.Text.Encoding.UTF8.GetBytes(command))]));

    public List<T> Sent<T>()
        where T : Message => [.. _output.Messages.Select(static outgoing => outgoing.Message).OfType<T>()];

    /// <summary>Wins an election in the next term.</summary>
    public void BecomeLeader()
    {
        Step(new RaftInput.Campaign());
        if (Core.Role == Role.PreCandidate)
        {
            foreach (MemberId voter in Core.Configuration.Voters)
            {
                if (voter != Self && Core.Role == Role.PreCandidate)
                {
                    Receive(new VoteReply(voter, Self, Core.Term + 1, Granted: true, PreVote: true));
                }
            }
        }

        Persist();
        foreach (MemberId voter in Core.Configuration.Voters)
        {
            if (voter != Self && Core.Role == Role.Candidate)
            {
                Receive(new VoteReply(voter, Self, Core.Term, Granted: true, PreVote: false));
            }
        }

        Assert.Equal(Role.Leader, Core.Role);
    }

    /// <summary>Leads, with the empty entry of its term committed.</summary>
    public void Lead()
    {
        BecomeLeader();
        CommitEverything();
    }

    public void CommitEverything()
    {
        Persist();
        foreach (MemberId member in Core.Configuration.AllMembers)
        {
            if (member != Self && Core.Role == Role.Leader)
            {
                Accept(member, Core.LastPosition.Index);
            }
        }
    }

    public RaftOutput Accept(MemberId from, long match) => Receive(new AppendAccepted(from, Self, Core.Term, match));

    public RaftOutput AppendFrom(MemberId leader, long term, LogPosition previous, long commit, params long[] entryTerms) =>
        Receive(new AppendRequest(leader, Self, term, previous, previous.Index + entryTerms.Length, commit)
        {
            Entries = [.. entryTerms.Select((entryTerm, i) => new Entry(previous.Index + 1 + i, entryTerm, EntryKind.Command, ReadOnlyMemory<byte>.Empty))],
        });
}
