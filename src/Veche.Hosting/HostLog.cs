using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Veche.Hosting.Peers;
using Veche.Raft;

namespace Veche.Hosting;

/// <summary>Everything a running member tells its operator, with stable event ids.</summary>
internal sealed partial class HostLog(ILogger? logger) : IPeerLog
{
    private readonly ILogger _logger = logger ?? NullLogger.Instance;

    public void LeadershipChanged(MemberStatus status) => LeadershipChanged(status.Role, status.Term, status.Leader.IsNone ? "none" : status.Leader.ToString());

    public void PeerConnected(MemberId peer) => PeerIsConnected(peer);

    public void PeerUnreachable(MemberId peer, string reason) => PeerIsUnreachable(peer, reason);

    public void PeerRefused(string remote, string reason) => PeerWasRefused(remote, reason);

    [LoggerMessage(EventId = 100, Level = LogLevel.Information, Message = "{Role} in term {Term}, leader {Leader}")]
    private partial void LeadershipChanged(Role role, long term, string leader);

    [LoggerMessage(EventId = 101, Level = LogLevel.Critical, Message = "the member cannot go on and has stopped itself")]
    public partial void MemberFailed(Exception exception);

    [LoggerMessage(EventId = 103, Level = LogLevel.Critical, Message = "the member cannot go on and has stopped itself: {Reason}")]
    public partial void MemberFailed(string reason);

    [LoggerMessage(EventId = 104, Level = LogLevel.Error, Message = "less than {MiB} MiB of disk are free: writes are refused until there is more")]
    public partial void LowOnSpace(long miB);

    [LoggerMessage(EventId = 105, Level = LogLevel.Information, Message = "the disk has room again: writes go on")]
    public partial void SpaceAgain();

    [LoggerMessage(EventId = 106, Level = LogLevel.Error, Message = "the disk has no room for entries of the log: none is written or acknowledged until there is")]
    public partial void WaitsForSpace();

    [LoggerMessage(EventId = 107, Level = LogLevel.Information, Message = "the disk has room for entries of the log again")]
    public partial void HasSpaceForEntries();

    [LoggerMessage(EventId = 102, Level = LogLevel.Warning, Message = "leadership was not handed over before stopping: {Reason}")]
    public partial void HandOverFailed(string reason);

    public void HealthChanged(Ailments ailments)
    {
        if (ailments == Ailments.None)
        {
            IsWellAgain();
        }
        else
        {
            IsIll(ailments);
        }
    }

    [LoggerMessage(EventId = 106, Level = LogLevel.Warning, Message = "this member is ill by its own measure ({Ailments} makes no progress): it will not lead while another can")]
    private partial void IsIll(Ailments ailments);

    [LoggerMessage(EventId = 107, Level = LogLevel.Information, Message = "this member is well again")]
    private partial void IsWellAgain();

    [LoggerMessage(EventId = 110, Level = LogLevel.Information, Message = "connected to member {Peer}")]
    private partial void PeerIsConnected(MemberId peer);

    [LoggerMessage(EventId = 111, Level = LogLevel.Warning, Message = "member {Peer} is not reachable: {Reason}")]
    private partial void PeerIsUnreachable(MemberId peer, string reason);

    [LoggerMessage(EventId = 112, Level = LogLevel.Warning, Message = "refused a peer connection from {Remote}: {Reason}")]
    private partial void PeerWasRefused(string remote, string reason);

    [LoggerMessage(EventId = 120, Level = LogLevel.Information, Message = "state saved up to index {Index}")]
    public partial void StateSaved(long index);

    [LoggerMessage(EventId = 121, Level = LogLevel.Error, Message = "saving the state failed and will be tried again: {Reason}")]
    public partial void SaveFailed(string reason);

    [LoggerMessage(EventId = 130, Level = LogLevel.Information, Message = "sending snapshot at index {Index} to member {Peer}")]
    public partial void SendingSnapshot(long index, MemberId peer);

    [LoggerMessage(EventId = 131, Level = LogLevel.Warning, Message = "sending a snapshot to member {Peer} failed: {Reason}")]
    public partial void SnapshotSendFailed(MemberId peer, string reason);

    [LoggerMessage(EventId = 132, Level = LogLevel.Information, Message = "received snapshot at index {Index} from member {Peer}")]
    public partial void SnapshotReceived(long index, MemberId peer);

    [LoggerMessage(EventId = 133, Level = LogLevel.Information, Message = "state restored from snapshot at index {Index}")]
    public partial void SnapshotInstalled(long index);

    [LoggerMessage(EventId = 140, Level = LogLevel.Warning, Message = "the end of the log was torn by a crash and has been cut at index {Index}; nothing that was acknowledged is lost")]
    public partial void TornTailCut(long index);

    [LoggerMessage(EventId = 141, Level = LogLevel.Warning, Message = "the damaged log is repaired: everything through index {Index} came anew from the other members, and this member takes part in elections again. What was damaged is kept beside it as damaged-*; delete it when it has been looked at")]
    public partial void LogRepaired(long index);

    [LoggerMessage(EventId = 142, Level = LogLevel.Warning, Message = "the log was damaged and is being filled by the other members; until it is, this member keeps out of elections")]
    public partial void LogIsRefilled();
}
