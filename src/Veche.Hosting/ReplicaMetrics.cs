namespace Veche.Hosting;

/// <summary>Counters of one member. Written on its hot path with plain interlocked adds; read whenever somebody scrapes.</summary>
public sealed class ReplicaMetrics
{
    private long _leaderChanges;
    private long _receivedBytes;
    private long _writtenBytes;
    private long _failedProposals;
    private long _logRepairs;

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

    internal void LogRepaired() => Interlocked.Increment(ref _logRepairs);

    internal void LeaderChanged() => Interlocked.Increment(ref _leaderChanges);

    internal void Received(int bytes) => Interlocked.Add(ref _receivedBytes, bytes);

    internal void Written(long bytes) => Interlocked.Add(ref _writtenBytes, bytes);

    internal void ProposalsFailed(int count) => Interlocked.Add(ref _failedProposals, count);
}
