using System.Collections.Concurrent;
using Veche.Raft;

namespace Veche.Hosting;

/// <summary>Counters of one member. Written on its hot path with plain interlocked adds; read whenever somebody scrapes.</summary>
public sealed class ReplicaMetrics
{
    /// <summary>etcd's bound.</summary>
    private const long SlowApplyNs = 100_000_000;

    private long _leaderChanges;
    private long _receivedBytes;
    private long _writtenBytes;
    private long _failedProposals;
    private long _logRepairs;
    private long _scrubbedBytes;
    private long _slowApplies;
    private long _installing;
    private readonly ConcurrentDictionary<MemberId, PeerMetrics> _peers = [];
    private long _unattendedRefused;

    /// <summary>How long making a batch of log writes durable took, in seconds.</summary>
    public DurationHistogram LogSyncSeconds { get; } = new();

    /// <summary>How long applying a batch of entries took, in seconds.</summary>
    public DurationHistogram ApplySeconds { get; } = new();

    /// <summary>How often a different leader was seen since the member started.</summary>
    public long LeaderChanges => Interlocked.Read(ref _leaderChanges);

    /// <summary>Bytes received from other members.</summary>
    public long PeerReceivedBytes => Interlocked.Read(ref _receivedBytes);

    /// <summary>Bytes of entries written to the log.</summary>
    public long LogWrittenBytes => Interlocked.Read(ref _writtenBytes);

    /// <summary>Commands whose proposers were told of a failure or an unknown outcome.</summary>
    public long FailedProposals => Interlocked.Read(ref _failedProposals);

    /// <summary>How often the member has finished repairing a damaged log since it started: 0 or 1.</summary>
    public long LogRepairs => Interlocked.Read(ref _logRepairs);

    /// <summary>Commands that nobody waited for, and that were refused.</summary>
    public long UnattendedRefused => Interlocked.Read(ref _unattendedRefused);

    /// <summary>Bytes of entries that were read back from the log and found whole.</summary>
    public long ScrubbedBytes => Interlocked.Read(ref _scrubbedBytes);

    internal void Scrubbed(long bytes) => Interlocked.Add(ref _scrubbedBytes, bytes);

    internal void LogRepaired() => Interlocked.Increment(ref _logRepairs);

    /// <summary>Batches that took longer than a tenth of a second to apply.</summary>
    public long SlowApplies => Interlocked.Read(ref _slowApplies);

    /// <summary>Snapshots that are being put in place of the state now.</summary>
    public long SnapshotsBeingInstalled => Interlocked.Read(ref _installing);

    /// <summary>What was sent to and received from each other member since the member started.</summary>
    public IReadOnlyCollection<PeerMetrics> Peers => [.. _peers.Values];

    internal PeerMetrics OfPeer(MemberId peer) => _peers.GetOrAdd(peer, static id => new PeerMetrics(id));

    internal void Applied(long nanoseconds)
    {
        ApplySeconds.Observe(nanoseconds);
        if (nanoseconds > SlowApplyNs)
        {
            Interlocked.Increment(ref _slowApplies);
        }
    }

    internal void InstallBegins() => Interlocked.Increment(ref _installing);

    internal void InstallEnds() => Interlocked.Decrement(ref _installing);

    internal void RefusedUnattended() => Interlocked.Increment(ref _unattendedRefused);

    internal void LeaderChanged() => Interlocked.Increment(ref _leaderChanges);

    internal void Received(MemberId from, int bytes)
    {
        Interlocked.Add(ref _receivedBytes, bytes);
        OfPeer(from).Received(bytes);
    }

    internal void Written(long bytes) => Interlocked.Add(ref _writtenBytes, bytes);

    internal void ProposalsFailed(int count) => Interlocked.Add(ref _failedProposals, count);
}
