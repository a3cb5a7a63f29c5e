using Google.Protobuf;
using Veche.Api;
using Veche.Api.Commands;
using Veche.Raft;
using Veche.Replica;
using Veche.Simulation.Clients;
using Veche.Simulation.Tracing;
using Veche.Simulation.Verdicts;
using Veche.Store;
using Veche.Store.Integrity;

namespace Veche.Simulation.Members;

/// <summary>A state that is damaged or not the others': found, no longer shown, replaced by another member's, compared and shown again; as a server does.</summary>
internal sealed partial class Member
{
    private readonly List<QuarantineProposal> _due = [];
    private StateQuarantine? _quarantine;
    private StateTrust _trust;
    private StateCheck? _computing;
    private StateFinding? _found;
    private bool _wasQuarantined;
    private int _states;

    /// <summary>The last term that it may ask for votes in.</summary>
    private long _campaignsThrough;
    private long _followedNs;

    /// <summary>What its state is, as nobody in the world can know, is not what was committed. Whoever is told anything of it is told wrong.</summary>
    public bool IsStateWrong { get; private set; }

    /// <summary>Its state was wrong up to here, and became right by itself.</summary>
    public long WrongThrough { get; private set; }

    /// <summary>It knows that its state is not to be trusted, or did when it last ran.</summary>
    public bool IsQuarantined => _quarantine?.Reason is not null || (!IsRunning && _wasQuarantined);

    /// <summary>What it says of its state counts.</summary>
    public bool IsBelieved => !IsStateWrong && !IsQuarantined;

    /// <summary>Counts the times that it lost its state, or trust in it: who watches it loses the connection.</summary>
    public int StateLife { get; private set; }

    /// <summary>It has a state that can rot: one that survives the process.</summary>
    public bool MayRot => _home is not null && IsRunning && !IsWitness && IsBelieved && _store!.Keys > 0;

    /// <summary>Its state rots, and nobody has noticed yet.</summary>
    public void Rot(bool unreadable)
    {
        string? what = unreadable ? "can no longer be read" : _home!.Change();
        if (what is null)
        {
            return;
        }

        if (unreadable)
        {
            _home!.BecomeUnreadable();
        }

        IsStateWrong = true;
        StateLife++;
        _world.Count(unreadable ? "states made unreadable" : "states changed");
        _world.Note(Number, $"has a state that {what}", TraceKind.Fault, fault: Faults.FaultKind.StateRot);
    }

    /// <summary>What was changed may be gone with a process that had not flushed it, or compacted: then the state is right again.</summary>
    public void LookForWhatIsWrong()
    {
        if (!IsStateWrong || IsQuarantined || _store!.AwaitsState || _home!.IsUnreadable)
        {
            return;
        }

        ReferenceModel model = _world.Model;
        model.TakeThrough(_world.Judge.Canon.CommittedIndex);
        long now = _store.CurrentRevision;
        for (long revision = Math.Max(1, _store.CompactRevision); revision <= now; revision++)
        {
            var everything = new RangeRequest { Key = KeyNames.Bytes(0), RangeEnd = KeyNames.End, Revision = revision };
            if (!_store.Range(everything, Cluster).Equals(model.Range(everything, now)))
            {
                return;
            }
        }

        // The newest versions are kept twice, and such reads look at one of the two only.
        foreach ((long revision, KeyValue kv, bool isFound) in _home!.Versions())
        {
            int key = KeyNames.NumberOf(kv.Key);
            ReferenceModel.Version version = model.Read(key, revision);
            bool isForgotten = revision <= _store.CompactRevision && model.Read(key, _store.CompactRevision).Revision != revision;
            if (!isForgotten && (!isFound || version.Revision != revision || ValueBytes.Read(kv.Value) != version.Value))
            {
                return;
            }
        }

        _world.Count("changes of a state that were lost or compacted");
        _world.Note(Number, $"no longer has what was changed of its state, at {_store.Applied}, revision {now}, compacted at {_store.CompactRevision}");
        WrongThrough = _store.Applied.Index;
        IsStateWrong = false;
    }

    private ulong NextState() => ((ulong)Incarnation << 20) + (ulong)++_states;

    /// <summary>Opens the state; one that was found damaged before is put aside, and the next begins empty.</summary>
    private KeyValueStore OpenDurableState()
    {
        try
        {
            return KeyValueStore.Open(_home!);
        }
        catch (StateDamagedException) when (IsStateWrong)
        {
            _world.Count("states put aside");
            _home!.PutAside();
            return KeyValueStore.Open(_home!);
        }
    }

    private void AttachQuarantine()
    {
        _trust = StateTrust.Trusted;
        _computing = null;
        _found = null;
        _campaignsThrough = long.MaxValue;
        _quarantine = new StateQuarantine(Id.Value, NextState(), _plan.StateCheckIntervalMs * 1_000_000L, _plan.MaxStateCheckBytes);
        _store!.StateChecked = Compute;
        _store.StateHashed = Hear;
        _store.StateReplaced = () => _quarantine.Renew(NextState());

        // In the middle of something that will fail: it is seen to right after.
        _store.Damaged = reason => _world.After(this, EventKind.Own, 0, 0, (Action)(() => Suspect(reason, null)));
    }

    private void DistrustIfDue()
    {
        if (_store!.AwaitsState)
        {
            Enter("the state was damaged when the member was started", null);
            Turn(new ReplicaInput.StateDistrusted(IsReplaced: false));
        }
        else if (_store.IsQuarantined(Id.Value))
        {
            Enter("the state was replaced before the restart", null, isReplaced: true);
            _quarantine!.Replaced(0, LocalNow);
            Turn(new ReplicaInput.StateDistrusted(IsReplaced: true));
        }
    }

    private void Suspect(string reason, ByteString? doubtful)
    {
        if (Enter(reason, doubtful))
        {
            FailEverything();
            Turn(new ReplicaInput.StateDistrusted(IsReplaced: false));
        }
    }

    private bool Enter(string reason, ByteString? doubtful, bool isReplaced = false)
    {
        if (!_quarantine!.Enter(reason, doubtful, NextState(), LocalNow))
        {
            return false;
        }

        _followedNs = _world.NowNs;
        _campaignsThrough = Core.Term + (Core.Role == Raft.Role.PreCandidate ? 1 : 0);
        StateLife++;
        _world.Count("states distrusted");
        _world.Note(Number, $"no longer trusts its state: {reason}");
        if (!isReplaced && !_store!.AwaitsState)
        {
            _store.MarkDamaged();
        }

        return true;
    }

    private void TrustChanged()
    {
        if (!Core.Leader.IsNone)
        {
            _followedNs = _world.NowNs;
        }

        if (_trust != _replica!.Trust)
        {
            _trust = _replica.Trust;
            if (_trust == StateTrust.Verifying)
            {
                _quarantine!.Replaced(AppliedIndex, LocalNow);
            }
        }
    }

    /// <summary>What has come due of it is proposed.</summary>
    private void SeeToQuarantine()
    {
        _quarantine!.TakeDue(LocalNow, Core.Role == Raft.Role.Leader, _due);
        List<QuarantineProposal> due = [.. _due];
        _due.Clear();
        foreach (QuarantineProposal proposal in due)
        {
            Propose(null, new Command { StateHash = proposal.Command }.ToByteArray(), result => Ended(proposal, result is StateHash));
        }
    }

    private void Ended(QuarantineProposal proposal, bool isApplied)
    {
        if (_quarantine!.Ended(proposal, isApplied, LocalNow))
        {
            _world.Count("states trusted again");
            _world.Note(Number, "trusts its state again");
            if (IsStateWrong)
            {
                throw new ViolationException("a wrong state is trusted again", $"{Id} at {_store!.Applied}");
            }

            _campaignsThrough = long.MaxValue;
            Turn(new ReplicaInput.StateVerified());
        }
    }

    /// <summary>A check has come by; the hash is computed some time later, beside whatever is applied meanwhile.</summary>
    private void Compute(StateCheck check)
    {
        if (_computing is not null)
        {
            check.Dispose();
            return;
        }

        _computing = check;
        ulong state = _quarantine!.State;
        _world.After(this, EventKind.Own, _random.Exponential(20_000_000), 0, (Action)(() => Report(check, state)));
    }

    private void Report(StateCheck check, ulong state)
    {
        _computing = null;
        using (check)
        {
            _world.Count("states hashed");
            Propose(null, new Command { StateHash = new StateHash { Report = check.Compute(Id.Value, state) } }.ToByteArray());
        }
    }

    /// <summary>What was learnt while applying, before anybody is answered.</summary>
    private void SeeToFinding()
    {
        if (_found is { } finding)
        {
            _found = null;
            Suspect(finding.Reason, finding.From);
        }
    }

    /// <summary>In the middle of applying: what comes of it is seen to right behind.</summary>
    private void Hear(StateHash hash, long index)
    {
        Configuration members = Core.Configuration;
        foreach (StateFinding finding in _quarantine!.Hear(hash, index, [.. members.Voters.Where(voter => !members.IsWitness(voter)).Select(static voter => voter.Value)], Core.Role == Raft.Role.Leader, LocalNow))
        {
            _world.StateRules.Finds(this, finding);
            if (finding.Verdict == StateVerdict.Differs)
            {
                _found = finding;
            }
        }
    }
}
