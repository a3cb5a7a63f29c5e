using Veche.Raft;

namespace Veche.Replica;

/// <summary>Hand-overs and membership changes that somebody waits for.</summary>
public sealed partial class Replica
{
    private (long Token, long Term)? _transfer;
    private (long Token, long Term)? _reconfiguration;

    private void BeginTransfer(ReplicaInput.Transfer transfer, ReplicaOutput output)
    {
        if (_transfer is not null)
        {
            output.Administration.Add(new AdministrationOutcome(transfer.Token, Refusal.TransferInProgress, OutcomeUnknown: false));
            return;
        }

        Advance(new RaftInput.TransferLeadership(transfer.To), output);
        if (_step.Refusal != Refusal.None)
        {
            output.Administration.Add(new AdministrationOutcome(transfer.Token, _step.Refusal, OutcomeUnknown: false));
            return;
        }

        _transfer = (transfer.Token, _core.Term);
    }

    private void BeginReconfiguration(ReplicaInput.Reconfigure reconfigure, ReplicaOutput output)
    {
        if (_reconfiguration is not null)
        {
            output.Administration.Add(new AdministrationOutcome(reconfigure.Token, Refusal.ConfigurationBusy, OutcomeUnknown: false));
            return;
        }

        Advance(new RaftInput.ChangeConfiguration(reconfigure.Change), output);
        if (_step.Refusal != Refusal.None)
        {
            output.Administration.Add(new AdministrationOutcome(reconfigure.Token, _step.Refusal, OutcomeUnknown: false));
            return;
        }

        _reconfiguration = (reconfigure.Token, _core.Term);
    }

    private void FinishAdministration(ReplicaOutput output)
    {
        if (_transfer is { } transfer)
        {
            bool handedOver = !Leads && !_core.Leader.IsNone && _core.Term > transfer.Term;
            bool gaveUp = Leads && _core.TransferTarget.IsNone;
            if (handedOver || gaveUp)
            {
                _transfer = null;
                output.Administration.Add(new AdministrationOutcome(transfer.Token, gaveUp ? Refusal.TransferInProgress : Refusal.None, OutcomeUnknown: false));
            }
        }

        if (_reconfiguration is { } change)
        {
            // A leader that removed itself steps down at the very commit it waited for, so a commit counts before a lost leadership.
            bool committed = !_core.Configuration.IsJoint && _core.ConfigurationIndex <= _core.CommitIndex;
            bool lost = _core.Term != change.Term || !Leads;
            if (committed ? _core.ConfigurationIndex <= _applied.Index : lost)
            {
                _reconfiguration = null;
                output.Administration.Add(new AdministrationOutcome(change.Token, Refusal.None, OutcomeUnknown: !committed));
            }
        }
    }

    private void OnLeadershipChanged(ReplicaOutput output)
    {
        if (!Leads)
        {
            // Progress of followers, and with it snapshots on their way, ended with the leadership.
            _snapshotsInFlight.Clear();
            _behindLogRead.Clear();
            _proposalWrites.Clear();
            EndAcknowledgements();
        }

        NoteLeadership();
        _forwardPausedUntilNs = 0;
        RetryReadsAtOnce();
    }
}
