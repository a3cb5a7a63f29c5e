using Veche.Raft;

namespace Veche.Replica;

/// <summary>
/// A state that is damaged, or not the one that the others have, is replaced by another member's. The log is sound and stays: what is in it is acknowledged and voted with
/// as ever. The new state stands at a committed index; it is taken once the log durably holds that index, and what follows is applied from the log.
/// </summary>
public sealed partial class Replica
{
    /// <summary>The term that a state which was asked for travels with: no leader's, so that it is never taken for a snapshot that replaces a log.</summary>
    public const long ReseedTerm = 0;

    private const int LongestAskTimeouts = 32;

    private SnapshotPoint? _reseed;
    private MemberId _lastAsked;
    private long _askNs;
    private int _askTimeouts;
    private bool _saveIsVoid;

    /// <summary>Whether the state may be shown.</summary>
    public StateTrust Trust { get; private set; }

    private void Distrust(bool isReplaced, ReplicaOutput output)
    {
        Trust = isReplaced ? StateTrust.Verifying : StateTrust.Reseeding;
        if (!isReplaced)
        {
            // What is being saved right now is the very state that is wrong.
            _saveIsVoid = _saving;
            _reseed = null;
            _askTimeouts = 1;
            _askNs = _nowNs;
        }

        Advance(new RaftInput.StateTrusted(false), output);
    }

    private void TrustAgain(ReplicaOutput output)
    {
        if (Trust == StateTrust.Verifying)
        {
            Trust = StateTrust.Trusted;
            Advance(new RaftInput.StateTrusted(true), output);
        }
    }

    private long ReseedDeadline() => AwaitsAnswer ? _askNs : long.MaxValue;

    /// <summary>Nothing has come yet that could take the state's place.</summary>
    private bool AwaitsAnswer => Trust == StateTrust.Reseeding && !_installing && _pendingInstall is null && _reseed is null;

    /// <summary>Asks one member after another, each time with more patience: a large state takes its time.</summary>
    private void AskForState(ReplicaOutput output)
    {
        if (!AwaitsAnswer || _nowNs < _askNs)
        {
            return;
        }

        _askNs = _nowNs + (_askTimeouts * _options.Raft.ElectionTimeoutMs * 1_000_000L);
        MemberId next = MemberId.None;
        MemberId first = MemberId.None;
        foreach (MemberId member in _core.Configuration.AllMembers.Order())
        {
            if (member != Id && !_core.Configuration.IsWitness(member))
            {
                first = first.IsNone ? member : first;
                next = next.IsNone && member.CompareTo(_lastAsked) > 0 ? member : next;
            }
        }

        _lastAsked = next.IsNone ? first : next;
        if (next.IsNone)
        {
            _askTimeouts = Math.Min(2 * _askTimeouts, LongestAskTimeouts);
        }

        if (!_lastAsked.IsNone)
        {
            output.Sends.Add(PeerMessage.Of(Id, _lastAsked, new StateWanted(_core.FirstIndex - 1)));
        }
    }

    /// <summary>Only who trusts its own state gives it away, and only to a member.</summary>
    private void OnStateWanted(MemberId from, StateWanted wanted, ReplicaOutput output)
    {
        // A witness's state is whole only for a witness.
        if (Trust == StateTrust.Trusted && !_options.Raft.IsWitness && !_installing && _pendingInstall is null && _applied.Index >= wanted.AtLeast && _core.Configuration.Contains(from) && !_snapshotsInFlight.ContainsKey(from))
        {
            output.SnapshotSends.Add(new SnapshotSend(from, ReseedTerm, ForWitness: false));
        }
    }

    private void OnStateReceived(SnapshotPoint point)
    {
        if (Trust == StateTrust.Reseeding && (_reseed is null || _reseed.Position.Index < point.Position.Index))
        {
            _reseed = point;
        }
    }

    /// <summary>
    /// The state stands where it was applied elsewhere, so its index is committed. Once this log durably holds that index in that term, both are the same history
    /// (Raft §5.3, log matching), and the entries after it lead on from the new state. Until then it waits for them.
    /// </summary>
    private void InstallReseed(ReplicaOutput output)
    {
        if (_reseed is not { } point || _installing || _pendingInstall is not null)
        {
            return;
        }

        long index = point.Position.Index;
        if (index < _core.FirstIndex - 1 || (index <= _core.LastPosition.Index && index <= _core.CommitIndex && _core.TermAt(index) != point.Position.Term))
        {
            // The log has gone on without it. Ask again.
            _reseed = null;
            _askNs = _nowNs;
        }
        else if (index <= Math.Min(_core.CommitIndex, _core.PersistedIndex))
        {
            _reseed = null;
            _installing = true;
            _lastInstall = point.Position;
            output.Install = point;
        }
    }

    /// <summary>Any state that comes whole from another member is new, be it asked for or sent by the leader because the log was too far behind.</summary>
    private void EndReseeding()
    {
        _reseed = null;
        if (Trust == StateTrust.Reseeding)
        {
            Trust = StateTrust.Verifying;
        }
    }
}
