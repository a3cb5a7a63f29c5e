using System.Net;
using System.Net.Security;
using Veche.Raft;
using Veche.Replica;

namespace Veche.Hosting;

/// <summary>How to run one member.</summary>
public sealed record ReplicaHostOptions
{
    /// <summary>Who this member is. Not nobody.</summary>
    public required MemberId Id { get; init; }

    /// <summary>Which cluster it belongs to; members of other clusters and their data are refused. Not 0.</summary>
    public required ulong ClusterId { get; init; }

    /// <summary>Directory of log and snapshots; created when missing. Null keeps them in memory: nothing survives the process.</summary>
    public string? DataDirectory { get; init; }

    /// <summary>The cluster's first members, with where to reach them. Used to found the cluster when the log is new (unless <see cref="Join"/>), and as first addresses.</summary>
    public required IReadOnlyDictionary<MemberId, DnsEndPoint> InitialMembers { get; init; }

    /// <summary>How many of the first members elect and how many commit. Must be the same for all of them. Counts only when the cluster is founded. Default majorities.</summary>
    public QuorumSizes InitialQuorums { get; init; }

    /// <summary>Which of the first members are witnesses. Must be the same for all of them. Counts only when the cluster is founded. Default none.</summary>
    public IReadOnlyCollection<MemberId> InitialWitnesses { get; init; } = [];

    /// <summary>
    /// This member is a witness: it votes, and holds no data. Its state machine is restored from <see cref="IStateMachine.CaptureForWitness"/> of another, and gets only the
    /// commands of <see cref="IStateMachine.IsForWitnesses"/>; what else it is asked is for whoever runs it to refuse. Must be what the cluster has it as. Default false.
    /// </summary>
    public bool IsWitness { get; init; }

    /// <summary>Join a running cluster: start with an empty configuration and wait for its leader. Default false.</summary>
    public bool Join { get; init; }

    /// <summary>Where to listen for the other members. Port 0 picks a free one.</summary>
    public required IReadOnlyList<IPEndPoint> Listen { get; init; }

    /// <summary>See <see cref="RaftOptions.ElectionTimeoutMs"/>. Default 1000.</summary>
    public int ElectionTimeoutMs { get; init; } = 1000;

    /// <summary>See <see cref="RaftOptions.HeartbeatIntervalMs"/>. Default 100.</summary>
    public int HeartbeatIntervalMs { get; init; } = 100;

    /// <summary>See <see cref="RaftOptions.LeaseClockDriftBoundMs"/>. Default null: lease reads are off.</summary>
    public int? LeaseClockDriftBoundMs { get; init; }

    /// <summary>See <see cref="RaftOptions.StallBoundMs"/>. Default null, for four election timeouts; 0 for never. Otherwise not less than <see cref="ElectionTimeoutMs"/>.</summary>
    public int? LeaderStallMs { get; init; }

    /// <summary>How long a command or a read waits before its caller is told. Default 7000 ms (etcd's 5 s and two election timeouts).</summary>
    public int RequestTimeoutMs { get; init; } = 7000;

    /// <summary>Largest command in bytes. Default 2 MiB.</summary>
    public int MaxCommandBytes { get; init; } = 2 << 20;

    /// <summary>While the disk has less free than this, in bytes, writes are refused. Default 128 MiB. Leaves room for the state machine's files and for term and vote.</summary>
    public long MinFreeDiskBytes { get; init; } = 128 << 20;

    /// <summary>Size of a log segment in bytes. Default 64 MiB.</summary>
    public long LogSegmentBytes { get; init; } = 64 << 20;

    /// <summary>Bytes of the log that are read back each second, in order and then from the beginning again, to find damage early; what the system still has in memory is not read from the disk. Default 1 MiB; 0 reads nothing back.</summary>
    public int ScrubBytesPerSecond { get; init; } = 1 << 20;

    /// <summary>See <see cref="ReplicaOptions.SnapshotEntries"/>. Default 100,000.</summary>
    public long SnapshotEntries { get; init; } = 100_000;

    /// <summary>See <see cref="ReplicaOptions.SnapshotBytes"/>. Default 64 MiB.</summary>
    public long SnapshotBytes { get; init; } = 64 << 20;

    /// <summary>See <see cref="ReplicaOptions.TrailingEntries"/>. Default 5,000.</summary>
    public long TrailingEntries { get; init; } = 5_000;

    /// <summary>See <see cref="ReplicaOptions.LogIsRead"/>; the reader uses <see cref="ReplicaHost.ReadLog"/> and <see cref="ReplicaHost.LogTaken"/>. Default false.</summary>
    public bool LogIsRead { get; init; }

    /// <summary>See <see cref="ReplicaOptions.EntryCacheBytes"/>. Default 16 MiB.</summary>
    public long EntryCacheBytes { get; init; } = 16 << 20;

    /// <summary>Judges a member that connects, by its id and the number that was made with its log (<see cref="ReplicaHost.Incarnation"/>). Called from any thread. Null welcomes everybody.</summary>
    public Func<MemberId, ulong, PeerVerdict>? Judge { get; init; }

    /// <summary>What somebody who wants to join is told about the cluster (<see cref="ClusterQuery"/>). Null says nothing.</summary>
    public Func<ReadOnlyMemory<byte>>? Describe { get; init; }

    /// <summary>Make this member the only one, whoever else there was: for when the others are lost for good. Entries that were not committed yet become so. Default false.</summary>
    public bool ForceNewCluster { get; init; }

    /// <summary>The context of that change, for the state machine. Default empty.</summary>
    public ReadOnlyMemory<byte> ForceNewClusterContext { get; init; }

    /// <summary>The state machine's own files were damaged, and it begins empty: take the whole state from another member (<see cref="ReplicaHost.Distrust"/>). Default false.</summary>
    public bool StateIsLost { get; init; }

    /// <summary>Keeps what is rolled back. Null, the default, keeps nothing.</summary>
    public IRollbackKeeper? Rollbacks { get; init; }

    /// <summary>TLS between members, both ways; null for plain TCP.</summary>
    public PeerTls? Tls { get; init; }
}

/// <summary>TLS between members. Asked anew for each connection, so that certificates may be renewed while the member runs.</summary>
/// <param name="Server">How to answer a member that connects: certificate, and judgement about the other side's.</param>
/// <param name="Client">How to connect to a member at a host: certificate, and judgement about the other side's.</param>
public sealed record PeerTls(Func<SslServerAuthenticationOptions> Server, Func<string, SslClientAuthenticationOptions> Client);
