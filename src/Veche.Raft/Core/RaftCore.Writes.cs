namespace Veche.Raft;

/// <summary>What goes to the log in a step, and which messages wait for it.</summary>
public sealed partial class RaftCore
{
    /// <summary>Stands for "the last write issued", whose number is known only at the end of the step.</summary>
    private const long AfterLastWrite = -1;

    private bool _hardStateChanged;
    private SnapshotPoint? _reset;
    private long? _keepThrough;
    private List<Entry>? _entries;

    /// <summary>A message that promises nothing, or only what is durable already.</summary>
    private void Send(Message message) => _out.Messages.Add(new Outgoing(message, 0));

    /// <summary>A message that promises what this member has not yet made durable: a vote, a campaign, entries held.</summary>
    private void SendAfterWrite(Message message) => _out.Messages.Add(new Outgoing(message, AfterLastWrite));

    private bool IsHardStateDurable => !_hardStateChanged && _hardStateWrite <= _ledger.LastPersisted;

    private void SetHardState(long term, MemberId vote)
    {
        _hardStateChanged |= term != Term || vote != _vote;
        Term = term;
        _vote = vote;
    }

    private Entry AppendToLog(long term, EntryKind kind, ReadOnlyMemory<byte> data, Configuration? configuration)
    {
        var entry = new Entry(_trail.Last.Index + 1, term, kind, data);
        _trail.Append(term, entry.SizeBytes, configuration);
        (_entries ??= []).Add(entry);
        return entry;
    }

    private void TruncateLog(long keepThrough)
    {
        if (keepThrough < CommitIndex)
        {
            throw new InvariantBrokenException($"Entry {keepThrough + 1} conflicts with the leader of term {Term}, but {CommitIndex} is committed. Two leaders, or a log that lost what it had acknowledged.");
        }

        _trail.KeepThrough(keepThrough);
        _ledger.Truncate(keepThrough);
        _keepThrough = keepThrough;
    }

    /// <summary>One write a step holds all of it, so that term, vote and entries can never reach the disk in another order.</summary>
    private void IssueWrite()
    {
        if (_hardStateChanged || _reset is not null || _keepThrough is not null || _entries is not null)
        {
            long id = _ledger.Issue(_trail.Last.Index, _nowNs);
            _out.Write = new LogWrite
            {
                WriteId = id,
                Reset = _reset,
                HardState = _hardStateChanged ? new HardState(Term, _vote) : null,
                KeepThrough = _keepThrough,
                Entries = _entries ?? [],
            };
            if (_hardStateChanged)
            {
                _hardStateWrite = id;
            }

            _hardStateChanged = false;
            _reset = null;
            _keepThrough = null;
            _entries = null;
        }

        List<Outgoing> messages = _out.Messages;
        for (int i = 0; i < messages.Count; i++)
        {
            if (messages[i].AfterWrite == AfterLastWrite)
            {
                messages[i] = messages[i] with { AfterWrite = _ledger.LastIssued };
            }
        }
    }

    private void OnPersisted(long writeId)
    {
        _ledger.Persisted(writeId);
        switch (_state)
        {
            case LeaderState leader:
                AdvanceCommit(leader);
                SendToWitnesses(leader);
                break;
            case CandidateState { Role: Role.Candidate } candidate when IsHardStateDurable && candidate.Granted.Add(Id):
                // A candidate's vote for itself is a vote like any other: it counts once it cannot be forgotten.
                JudgeElection(candidate);
                break;
        }
    }
}
