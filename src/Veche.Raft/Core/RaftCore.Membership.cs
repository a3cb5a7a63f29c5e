namespace Veche.Raft;

/// <summary>Who is a member (Raft §6: joint consensus, each configuration effective as soon as it is in the log).</summary>
public sealed partial class RaftCore
{
    private void OnChangeConfiguration(ConfigurationChange change)
    {
        if (_state is not LeaderState leader)
        {
            _out.Refusal = Refusal.NotLeader;
            return;
        }

        // One change at a time, and none before an entry of this term has committed: otherwise two leaders could each change
        // a configuration that the other does not know (the bug found in 2015 in single-server changes).
        if (Configuration.IsJoint || ConfigurationIndex > CommitIndex || CommitIndex < leader.TermStartIndex)
        {
            _out.Refusal = Refusal.ConfigurationBusy;
            return;
        }

        if (!leader.TransferTarget.IsNone)
        {
            _out.Refusal = Refusal.TransferInProgress;
            return;
        }

        if (!change.TryApply(Configuration, out Configuration? next, out _))
        {
            _out.Refusal = Refusal.ConfigurationInvalid;
            return;
        }

        _out.FirstProposedIndex = LastPosition.Index + 1;
        AppendConfiguration(leader, next, change.Context.Span);
    }

    private void AppendConfiguration(LeaderState leader, Configuration next, ReadOnlySpan<byte> context)
    {
        AppendToLog(Term, EntryKind.Configuration, ConfigurationEntry.Encode(next, context), next);
        TrackFollowers(leader, LastPosition.Index);
        Replicate(leader);
    }

    private void OnConfigurationCommitted(LeaderState leader)
    {
        if (ConfigurationIndex > CommitIndex)
        {
            return;
        }

        if (Configuration.IsJoint)
        {
            // Also what a predecessor left half done.
            AppendConfiguration(leader, Configuration.LeaveJoint(), default);
        }
        else if (!Configuration.IsVoter(Id))
        {
            // Raft §6: a leader that is not in the new configuration manages the others until it is committed, and goes.
            BecomeFollower(Term, MemberId.None);
        }
    }
}
