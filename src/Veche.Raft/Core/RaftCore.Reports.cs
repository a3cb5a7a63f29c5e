namespace Veche.Raft;

/// <summary>What members have in memory, for those who want to hear of it before it is durable. Commits never rest on it.</summary>
public sealed partial class RaftCore
{
    /// <summary>On a leader, the last index that a member is known to hold durably; 0 for one that is not known, and elsewhere.</summary>
    public long DurableAt(MemberId member) => _state is LeaderState ? _matchOf(member) : 0;

    /// <summary>On a leader, the last index that a member has said to have, durable or not; 0 for one that is not known, and elsewhere. It may have forgotten some since, by a crash.</summary>
    public long ReceivedAt(MemberId member) =>
        _state is not LeaderState leader ? 0 : member == Id ? LastPosition.Index : leader.Find(member) is { } follower ? Math.Max(follower.Match, follower.Received) : 0;

    /// <summary>Says that entries have arrived, to a leader that asked, while nothing may be promised about them yet.</summary>
    private void ReportReceived(AppendRequest append, long verified)
    {
        if ((append.Reports & AppendReports.Received) != 0 && (verified > PersistedIndex || !IsHardStateDurable))
        {
            Send(new AppendReceived(Id, append.From, Term, verified));
        }
    }

    private void OnReceived(AppendReceived received)
    {
        if (_state is LeaderState leader && leader.Find(received.From) is { } follower)
        {
            follower.Received = Math.Max(follower.Received, Math.Min(received.Match, LastPosition.Index));
        }
    }
}
