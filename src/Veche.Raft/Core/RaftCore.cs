namespace Veche.Raft;

/// <summary>
/// The Raft protocol of one member: one input in, every effect out. No clock, no randomness but its seed, no I/O.
/// Not thread-safe: one step at a time.
/// </summary>
public sealed partial class RaftCore
{
    private readonly RaftOptions _options;
    private readonly LogTrail _trail;
    private readonly WriteLedger _ledger;
    private readonly Func<MemberId, long> _matchOf;
    private readonly Func<MemberId, long> _ackedRoundOf;
    private readonly Func<MemberId, bool> _isRecentlyActive;
    private readonly long _startedNs;
    private SplitMix64 _random;
    private RoleState _state;
    private RaftOutput _out = new();
    private long _nowNs;
    private MemberId _vote;
    private long _heardLeaderNs = long.MinValue;

    /// <summary>Since a leader was last heard: who may lead and lacks what this member, which may not, holds.</summary>
    private MemberId _waitsForUs;

    /// <summary>Number of the write that made term and vote durable, or will.</summary>
    private long _hardStateWrite;

    /// <summary>Starts from what the log holds.</summary>
    /// <param name="options">Settings.</param>
    /// <param name="start">What the log holds.</param>
    /// <param name="nowNs">The time, in nanoseconds from any origin; the same clock as in every later step.</param>
    /// <exception cref="ArgumentException">A setting is out of its range, or the entries are not consecutive.</exception>
    public RaftCore(RaftOptions options, RaftStart start, long nowNs)
    {
        options.Validate();
        _options = options;
        _random = new SplitMix64(options.Seed);
        _nowNs = nowNs;
        _startedNs = nowNs;
        _trail = new LogTrail(start.Base);
        foreach (EntrySummary entry in start.Entries)
        {
            if (entry.Index != _trail.Last.Index + 1)
            {
                throw new ArgumentException($"Entry {entry.Index} does not follow {_trail.Last}.", nameof(start));
            }

            _trail.Append(entry.Term, entry.SizeBytes, entry.Configuration);
        }

        if (start.HardState.Term < _trail.Last.Term)
        {
            throw new ArgumentException($"The term {start.HardState.Term} is before the log's last entry {_trail.Last}: term and vote were not kept in order with the entries.", nameof(start));
        }

        if (start.LostThroughTerm >= start.HardState.Term)
        {
            throw new ArgumentException($"What was promised through term {start.LostThroughTerm} is lost, but the member is still in term {start.HardState.Term}: a leader of that term counts on it.", nameof(start));
        }

        RequireOwnKind(_trail.Configuration);
        _lostThroughTerm = start.LostThroughTerm;
        _ledger = new WriteLedger(_trail.Last.Index);
        Term = start.HardState.Term;
        _vote = start.HardState.Vote;
        CommitIndex = Math.Clamp(start.CommittedIndex, start.Base.Position.Index, _trail.Last.Index);

        // There is nobody to hear from, and nobody else to ask: it need not wait, unless a lease may rest on its doing so.
        bool isAlone = Configuration.Voters.Count == 1 && Configuration.HasElectionQuorum(member => member == Id) && options.LeaseClockDriftBoundMs is null;
        _state = new FollowerState(MemberId.None, isAlone ? nowNs : NextElectionDeadline());
        _matchOf = member => member == Id ? _ledger.PersistedIndex : (_state as LeaderState)?.Find(member)?.Match ?? 0;
        _ackedRoundOf = member => _state is not LeaderState leader ? 0 : member == Id ? leader.Reads.LastRound : leader.Find(member)?.AckedRound ?? 0;
        _isRecentlyActive = member => member == Id || (_state as LeaderState)?.Find(member)?.RecentlyActive == true;
    }

    /// <summary>Who this member is.</summary>
    public MemberId Id => _options.Id;

    /// <summary>The highest term seen.</summary>
    public long Term { get; private set; }

    /// <summary>Who got this member's vote in <see cref="Term"/>, or nobody.</summary>
    public MemberId Vote => _vote;

    /// <summary>What it is doing.</summary>
    public Role Role => _state.Role;

    /// <summary>The leader of <see cref="Term"/> as far as known, or nobody.</summary>
    public MemberId Leader => _state switch
    {
        FollowerState follower => follower.Leader,
        LeaderState => Id,
        _ => MemberId.None,
    };

    /// <summary>Last index known committed. Never falls.</summary>
    public long CommitIndex { get; private set; }

    /// <summary>Last entry of the log, durable or not.</summary>
    public LogPosition LastPosition => _trail.Last;

    /// <summary>First index still in the log.</summary>
    public long FirstIndex => _trail.FirstIndex;

    /// <summary>Last index of the log that is durable here.</summary>
    public long PersistedIndex => _ledger.PersistedIndex;

    /// <summary>The configuration in force: the last one in the log, committed or not.</summary>
    public Configuration Configuration => _trail.Configuration;

    /// <summary>Index of the entry that brought <see cref="Configuration"/>.</summary>
    public long ConfigurationIndex => _trail.ConfigurationIndex;

    /// <summary>On a leader that hands over, to whom; otherwise nobody.</summary>
    public MemberId TransferTarget => (_state as LeaderState)?.TransferTarget ?? MemberId.None;

    /// <summary>On a leader, how far each other member is, in order of id; elsewhere empty.</summary>
    public IReadOnlyList<FollowerProgress> Followers =>
        _state is LeaderState leader ? [.. leader.Followers.Select(static follower => follower.ToPublic())] : [];

    /// <summary>On a leader, how far one other member is; null elsewhere, and for those who do not follow it.</summary>
    public FollowerProgress? FollowerOf(MemberId member) => (_state as LeaderState)?.Find(member)?.ToPublic();

    /// <summary>Term of an entry that is in the log, or of its base.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The log has no such entry.</exception>
    public long TermAt(long index) => _trail.TermAt(index);

    /// <summary>The configuration that was in force at an index of the log.</summary>
    public Configuration ConfigurationAt(long index) => _trail.ConfigurationAt(index);

    /// <summary>Bytes (as <see cref="Entry.SizeBytes"/>) of the entries after one index through another; those no longer in the log count nothing.</summary>
    public long BytesBetween(long after, long through) => _trail.BytesBetween(after, through);

    /// <summary>Takes one input and writes everything that is to be done about it to <paramref name="output"/>, which must be clear.</summary>
    /// <exception cref="InvariantBrokenException">The member must stop.</exception>
    public void Step(RaftInput input, long nowNs, RaftOutput output)
    {
        _nowNs = Math.Max(_nowNs, nowNs);
        _out = output;
        Examine(input);
        (Role role, long term, MemberId leader) = (Role, Term, Leader);
        Configuration configuration = Configuration;

        Handle(input);

        ConfirmFreshReads();
        EndRecovery();
        IssueWrite();
        output.LeadershipChanged = role != Role || term != Term || leader != Leader;
        output.ConfigurationChanged = !ReferenceEquals(configuration, Configuration);
        _deadlineNs = NextDeadline();
        output.DeadlineNs = _deadlineNs;
    }

    private void Handle(RaftInput input)
    {
        switch (input)
        {
            case RaftInput.Tick:
                OnTick();
                break;
            case RaftInput.Received received:
                Receive(received.Message);
                break;
            case RaftInput.Propose propose:
                OnPropose(propose.Commands);
                break;
            case RaftInput.Persisted persisted:
                OnPersisted(persisted.WriteId);
                break;
            case RaftInput.ReadIndex read:
                OnReadIndex(read.ReadId, read.AllowLease);
                break;
            case RaftInput.ChangeConfiguration change:
                OnChangeConfiguration(change.Change);
                break;
            case RaftInput.TransferLeadership transfer:
                OnTransferLeadership(transfer.To);
                break;
            case RaftInput.Campaign:
                // Where there are leases, who has confirmed one has promised not to campaign before it ends.
                if (Role != Role.Leader && MayCampaign && !IsStateIll && (_options.LeaseClockDriftBoundMs is null || !RefusesElections))
                {
                    BeginElection();
                }

                break;
            case RaftInput.Compacted compacted:
                OnCompacted(compacted.Through);
                break;
            case RaftInput.SnapshotReceived snapshot:
                OnSnapshotReceived(snapshot);
                break;
            case RaftInput.SnapshotSent sent:
                OnSnapshotSent(sent);
                break;
            case RaftInput.ApplyStalled or RaftInput.StateTrusted:
                // Examined already, like every input.
                break;
            case RaftInput.Unreachable unreachable:
                OnUnreachable(unreachable.Member);
                break;
            default:
                throw new ArgumentException($"Unknown input {input.GetType().Name}.", nameof(input));
        }
    }

    private void OnTick()
    {
        switch (_state)
        {
            case FollowerState follower when _nowNs >= follower.ElectionDeadlineNs:
                OnElectionTimeout();
                break;
            case CandidateState candidate when _nowNs >= candidate.ElectionDeadlineNs:
                OnElectionTimeout();
                break;
            case LeaderState leader:
                OnLeaderTick(leader);
                break;
        }
    }

    private long NextDeadline() => _state switch
    {
        FollowerState follower => follower.ElectionDeadlineNs,
        CandidateState candidate => candidate.ElectionDeadlineNs,
        LeaderState leader => Math.Min(
            leader.HeartbeatDeadlineNs,
            Math.Min(leader.QuorumCheckDeadlineNs, leader.TransferTarget.IsNone ? long.MaxValue : leader.TransferDeadlineNs)),
        _ => long.MaxValue,
    };

    private long ElectionTimeoutNs => _options.ElectionTimeoutMs * 1_000_000L;

    private long NextElectionDeadline() => _nowNs + ElectionTimeoutNs + _random.Below(ElectionTimeoutNs);

    /// <summary>It commits alone. Nobody else can be elected without its vote then, so it knows by itself that it leads.</summary>
    private bool IsCommitQuorumAlone => Configuration.HasCommitQuorum(member => member == Id);
}
