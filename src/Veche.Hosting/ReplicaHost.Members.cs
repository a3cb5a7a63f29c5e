using Veche.Hosting.Peers;
using Veche.Raft;

namespace Veche.Hosting;

/// <summary>Who may speak with whom.</summary>
public sealed partial class ReplicaHost
{
    /// <summary>A number that was made together with this member's log, and is lost together with it. In memory it is another one in every process.</summary>
    public ulong Incarnation => _incarnation.Value;

    /// <summary>Remembers that this member has taken part in its cluster: from now on it refuses to start when its log is missing.</summary>
    /// <exception cref="IOException">The disk does not take it.</exception>
    public void MarkEstablished() => _incarnation.MarkEstablished();

    /// <summary>Closes the connections from a member that is not welcome any more, and gives up connecting to it once it is in no configuration.</summary>
    public void Disconnect(MemberId member)
    {
        _listener.Disconnect(member);
        if (!_status.Configuration.Contains(member) && _links.TryRemove(member, out PeerLink? link))
        {
            _ = link.DisposeAsync().AsTask();
        }
    }

    /// <summary>Since when this member has had a connection to another without a break; null when it has none.</summary>
    public TimeSpan? ConnectedFor(MemberId member) =>
        _links.TryGetValue(member, out PeerLink? link) && link.ConnectedSinceNs is > 0 and long since
            ? TimeSpan.FromTicks((MonotonicClock.Read() - since) / 100)
            : null;

    /// <summary>True while this member has a connection to another.</summary>
    public bool IsConnected(MemberId member) => _links.TryGetValue(member, out PeerLink? link) && link.IsConnected;

    /// <summary>Stops this member: the others do not accept it, or the log says that it was removed.</summary>
    public void Expel(PeerVerdict verdict) => Fail(new MemberExpelledException(
        verdict,
        verdict == PeerVerdict.Removed
            ? "the member has been permanently removed from the cluster; the data-dir used by this member must be removed."
            : $"the other members know member {Id} with a log that is not here any more: its disk was lost, replaced or emptied. What it had promised them is forgotten, so they cannot trust it. Remove it ('etcdctl member remove {Id}') and add it anew with an empty directory ('etcdctl member add')."));
}
