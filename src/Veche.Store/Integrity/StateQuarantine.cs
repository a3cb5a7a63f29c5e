using Google.Protobuf;
using Veche.Api.Commands;

namespace Veche.Store.Integrity;

/// <summary>How far a member is with a state that is not to be trusted.</summary>
public enum QuarantinePhase
{
    /// <summary>The state is trusted: it is served.</summary>
    None = 0,

    /// <summary>It is damaged or differs, and another member's is to take its place.</summary>
    Replacing = 1,

    /// <summary>It is another member's now, and is compared once more.</summary>
    Verifying = 2,

    /// <summary>It was found to be right, and the others are told.</summary>
    Lifting = 3,
}

/// <summary>Something that a quarantine wants in the log.</summary>
/// <param name="Command">What.</param>
/// <param name="Episode">In which quarantine: the outcome of a proposal of an earlier one means nothing any more.</param>
public sealed record QuarantineProposal(StateHash Command, long Episode);

/// <summary>
/// What a member does about its own state: has the states compared while it leads, and when its own is damaged or the odd one out, keeps it from being shown until another member's has taken its
/// place and was found to be right. Decides only: time, and what becomes of its proposals, come from outside, and what it decides is carried out there. Not for several threads at once.
/// </summary>
/// <param name="self">The member.</param>
/// <param name="state">See <see cref="StateVote.Renew"/>.</param>
/// <param name="checkIntervalNs">How often a leader has the states compared, in nanoseconds; null for never.</param>
/// <param name="maxCheckBytes">How much each comparison looks at.</param>
public sealed class StateQuarantine(ulong self, ulong state, long? checkIntervalNs, long maxCheckBytes)
{
    /// <summary>A command that was not applied is proposed again after this.</summary>
    public const long RetryAfterNs = 500_000_000;

    /// <summary>A check that was to verify a new state has been missed, by this member or too many others, when nothing has come of it for so long.</summary>
    public const long VerifyAgainAfterNs = 2_000_000_000;

    private readonly StateVote _vote = new(self, state);
    private ByteString? _doubtful;
    private long _replacedAt;
    private long _episode;
    private long _raiseAtNs = long.MaxValue;
    private long _verifyAtNs = long.MaxValue;
    private long _liftAtNs = long.MaxValue;
    private long? _checkAtNs;
    private bool _isRaised;
    private bool _tellsUndecided;

    /// <summary>Why nothing is to be served; null when everything is.</summary>
    public string? Reason { get; private set; }

    /// <summary>How far it is.</summary>
    public QuarantinePhase Phase { get; private set; }

    /// <summary>Which state this is: what is said of it carries this number.</summary>
    public ulong State { get; private set; } = state;

    /// <summary>Where the state that took the other's place stood when it came.</summary>
    public long ReplacedAt => _replacedAt;

    /// <summary>The state was found wrong: nothing of it may be shown from here on, it is to be marked as damaged, and another one asked for.</summary>
    /// <param name="reason">What was found.</param>
    /// <param name="doubtful">Where the check began that found it, or null.</param>
    /// <param name="next">The number of the state that is to come; differs from every number before, across restarts.</param>
    /// <param name="nowNs">The time.</param>
    /// <returns>False when that is known already, and being seen to.</returns>
    public bool Enter(string reason, ByteString? doubtful, ulong next, long nowNs)
    {
        if (Phase == QuarantinePhase.Replacing)
        {
            return false;
        }

        Reason = reason;
        Phase = QuarantinePhase.Replacing;
        Renew(next);
        _episode++;
        _doubtful = doubtful ?? _doubtful;
        _raiseAtNs = nowNs;
        _isRaised = false;
        _verifyAtNs = _liftAtNs = long.MaxValue;
        return true;
    }

    /// <summary>The state is another one from here on, be it because the one before was wrong or because it was too far behind: what was said of that one no longer counts.</summary>
    /// <param name="next">The number of this one; differs from every number before, across restarts.</param>
    public void Renew(ulong next)
    {
        State = next;
        _vote.Renew(next);
    }

    /// <summary>Another member's state has taken the place of the one that was found wrong. Does nothing unless one was.</summary>
    /// <param name="index">Where the new one stands.</param>
    /// <param name="nowNs">The time.</param>
    public void Replaced(long index, long nowNs)
    {
        if (Phase == QuarantinePhase.Replacing)
        {
            Phase = QuarantinePhase.Verifying;
            _replacedAt = index;
            _verifyAtNs = nowNs;
        }
    }

    /// <summary>Something has come by in the log.</summary>
    /// <param name="hash">What.</param>
    /// <param name="index">Where.</param>
    /// <param name="voters">Those with data, whose majority decides.</param>
    /// <param name="leads">This member leads: then it is the one to say that nobody knows who is right.</param>
    /// <param name="nowNs">The time.</param>
    /// <returns>What differs, for whom it concerns: this member's own state, upon which <see cref="Enter"/> is due, or states of which none is known to be right.</returns>
    public IReadOnlyList<StateFinding> Hear(StateHash hash, long index, IReadOnlyCollection<ulong> voters, bool leads, long nowNs)
    {
        List<StateFinding> findings = [];
        switch (hash.BodyCase)
        {
            case StateHash.BodyOneofCase.Check:
                findings.AddRange(_vote.Opened(index, hash.Check.From));
                break;
            case StateHash.BodyOneofCase.Report when _vote.Reported(hash.Report, voters) is { Verdict: var verdict } finding:
                if (verdict != StateVerdict.Agrees)
                {
                    findings.Add(finding);
                }
                else if (Phase == QuarantinePhase.Verifying && finding.Index > _replacedAt && (_doubtful is null || _doubtful.Equals(finding.From)))
                {
                    Phase = QuarantinePhase.Lifting;
                    _verifyAtNs = long.MaxValue;
                    _liftAtNs = nowNs;
                }

                break;
            case StateHash.BodyOneofCase.Quarantine when hash.Quarantine.Member == self && !hash.Quarantine.Lifted:
                _isRaised = true;
                if (Phase == QuarantinePhase.None)
                {
                    // One that was on its way for long, and came after the one that lifts it.
                    _liftAtNs = nowNs;
                }

                break;
        }

        _tellsUndecided |= leads && findings.Exists(static finding => finding.Verdict == StateVerdict.Undecided);
        return findings;
    }

    /// <summary>Takes what is to be proposed by now. Each is to be followed by <see cref="Ended"/>.</summary>
    /// <param name="nowNs">The time.</param>
    /// <param name="leads">This member leads.</param>
    /// <param name="due">Gets them.</param>
    public void TakeDue(long nowNs, bool leads, ICollection<QuarantineProposal> due)
    {
        void Propose(StateHash command) => due.Add(new QuarantineProposal(command, _episode));

        if (nowNs >= _raiseAtNs)
        {
            _raiseAtNs = long.MaxValue;
            Propose(new StateHash { Quarantine = new StateHash.Types.Quarantine { Member = self } });
        }

        if (nowNs >= _verifyAtNs)
        {
            _verifyAtNs = nowNs + VerifyAgainAfterNs;
            Propose(Check(_doubtful ?? _vote.Next));
        }

        if (nowNs >= _liftAtNs && _isRaised)
        {
            _liftAtNs = long.MaxValue;
            Propose(new StateHash { Quarantine = new StateHash.Types.Quarantine { Member = self, Lifted = true } });
        }

        if (_tellsUndecided)
        {
            _tellsUndecided = false;
            Propose(new StateHash { Quarantine = new StateHash.Types.Quarantine() });
        }

        _checkAtNs ??= nowNs + checkIntervalNs;
        if (nowNs >= _checkAtNs)
        {
            _checkAtNs = nowNs + checkIntervalNs;
            if (leads && Phase == QuarantinePhase.None)
            {
                Propose(Check(_vote.Next));
            }
        }
    }

    /// <summary>When <see cref="TakeDue"/> may have something, if nothing happens before.</summary>
    public long NextNs => Math.Min(Math.Min(Math.Min(_raiseAtNs, _verifyAtNs), Math.Min(_isRaised ? _liftAtNs : long.MaxValue, _tellsUndecided ? long.MinValue : long.MaxValue)), _checkAtNs ?? (checkIntervalNs is null ? long.MaxValue : long.MinValue));

    /// <summary>A proposal has come to its end.</summary>
    /// <param name="proposal">Which.</param>
    /// <param name="isApplied">It was applied here; otherwise that is not known.</param>
    /// <param name="nowNs">The time.</param>
    /// <returns>True when the state is trusted from here on: it may be served, and the member may lead.</returns>
    public bool Ended(QuarantineProposal proposal, bool isApplied, long nowNs)
    {
        if (proposal.Episode != _episode || proposal.Command.Quarantine is not { } quarantine || quarantine.Member != self)
        {
            return false;
        }

        if (!quarantine.Lifted)
        {
            // The lifting waits for it: what is raised last stays.
            _isRaised |= isApplied;
            _raiseAtNs = isApplied || Phase == QuarantinePhase.None ? long.MaxValue : nowNs + RetryAfterNs;
            return false;
        }

        if (!isApplied)
        {
            _liftAtNs = Phase is QuarantinePhase.Lifting or QuarantinePhase.None ? nowNs + RetryAfterNs : long.MaxValue;
            return false;
        }

        if (Phase != QuarantinePhase.Lifting)
        {
            return false;
        }

        Phase = QuarantinePhase.None;
        Reason = null;
        _doubtful = null;
        return true;
    }

    private StateHash Check(ByteString from) => new() { Check = new StateHash.Types.Check { From = from, MaxBytes = maxCheckBytes } };
}
