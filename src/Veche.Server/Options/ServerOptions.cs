using Veche.Log;
using Veche.Server.Semantics;

namespace Veche.Server.Options;

/// <summary>How to run one member. Names and defaults are etcd's where etcd has the setting.</summary>
public sealed record ServerOptions
{
    /// <summary>Human-readable name of the member (<c>--name</c>). Default <c>default</c>.</summary>
    public string Name { get; init; } = "default";

    /// <summary>Directory of log and data (<c>--data-dir</c>). Default <c>NAME.veche</c>.</summary>
    public string DataDirectory { get; init; } = "default.veche";

    /// <summary>Keep nothing on disk (<c>--memory</c>); all is lost with the process. Default false.</summary>
    public bool Memory { get; init; }

    /// <summary>Where to listen for clients (<c>--listen-client-urls</c>). Default <c>http://localhost:2379</c>.</summary>
    public IReadOnlyList<Uri> ListenClientUrls { get; init; } = [new("http://localhost:2379")];

    /// <summary>What clients are told (<c>--advertise-client-urls</c>). Default: where it listens.</summary>
    public IReadOnlyList<Uri> AdvertiseClientUrls { get; init; } = [new("http://localhost:2379")];

    /// <summary>Where to listen for the other members (<c>--listen-peer-urls</c>). Default <c>http://localhost:2380</c>.</summary>
    public IReadOnlyList<Uri> ListenPeerUrls { get; init; } = [new("http://localhost:2380")];

    /// <summary>What the other members are told (<c>--initial-advertise-peer-urls</c>). Default: where it listens.</summary>
    public IReadOnlyList<Uri> AdvertisePeerUrls { get; init; } = [new("http://localhost:2380")];

    /// <summary>The first members, by name (<c>--initial-cluster</c>). Default: this one alone.</summary>
    public IReadOnlyList<(string Name, Uri PeerUrl)> InitialCluster { get; init; } = [("default", new("http://localhost:2380"))];

    /// <summary>Keeps clusters apart that have the same addresses (<c>--initial-cluster-token</c>). Default <c>etcd-cluster</c>.</summary>
    public string InitialClusterToken { get; init; } = "etcd-cluster";

    /// <summary>Join a running cluster instead of founding one (<c>--initial-cluster-state existing</c>). Default false.</summary>
    public bool JoinExisting { get; init; }

    /// <summary>How many of the first members elect and how many commit (<c>--veche-election-quorum</c>, <c>--veche-commit-quorum</c>), the same for all of them; counts only when the cluster is founded, later it is changed live. Default majorities.</summary>
    public Raft.QuorumSizes InitialQuorums { get; init; }

    /// <summary>This member is a witness: it votes and holds no data (<c>--witness</c>). The cluster has to know it as one. Default false.</summary>
    public bool Witness { get; init; }

    /// <summary>Which of the first members are witnesses, by name (<c>--veche-initial-witnesses</c>), the same for all of them; counts only when the cluster is founded. Default none.</summary>
    public IReadOnlyList<string> InitialWitnesses { get; init; } = [];

    /// <summary>Make this member's data a cluster of its own (<c>--force-new-cluster</c>): for when the others are lost for good. Default false.</summary>
    public bool ForceNewCluster { get; init; }

    /// <summary>Refuse membership changes that would leave too few working members (<c>--strict-reconfig-check</c>). Default true.</summary>
    public bool StrictReconfigCheck { get; init; } = true;

    /// <summary>Most learners at once (<c>--experimental-max-learners</c>). Default 1.</summary>
    public int MaxLearners { get; init; } = 1;

    /// <summary>Interval of a leader's heartbeats in milliseconds (<c>--heartbeat-interval</c>). Default 100.</summary>
    public int HeartbeatIntervalMs { get; init; } = 100;

    /// <summary>Election timeout in milliseconds (<c>--election-timeout</c>). Default 1000; at least five heartbeats, at most 50000.</summary>
    public int ElectionTimeoutMs { get; init; } = 1000;

    /// <summary>A leader whose disk or state machine makes no progress for so many milliseconds gives leadership away (<c>--veche-leader-stall-ms</c>). Default null, for four election timeouts; 0 for never; otherwise at least an election timeout.</summary>
    public int? LeaderStallMs { get; init; }

    /// <summary>How often this member writes a canary and reads it back (<c>--veche-canary-interval</c>). Default 0: never. Otherwise at least 100 ms.</summary>
    public TimeSpan CanaryInterval { get; init; }

    /// <summary>What the keys of canaries begin with; the member's id follows (<c>--veche-canary-prefix</c>). Default <c>veche/canary/</c>.</summary>
    public string CanaryPrefix { get; init; } = "veche/canary/";

    /// <summary>Directory of this member's audit trail (<c>--veche-audit-dir</c>). Default null: there is none.</summary>
    public string? AuditDirectory { get; init; }

    /// <summary>What that directory is on; another one in tests.</summary>
    internal Func<string, IDisk> OpenAuditDisk { get; init; } = static directory => new RealDisk(directory);

    /// <summary>How often the leader has all members hash their state at the same place in the log and compares them (<c>--state-hash-interval</c>). Default 10 s; 0 for never; otherwise at least 100 ms.</summary>
    public TimeSpan StateHashInterval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Entries between two snapshots (<c>--snapshot-count</c>). Default 100,000.</summary>
    public long SnapshotCount { get; init; } = 100_000;

    /// <summary>Largest request in bytes (<c>--max-request-bytes</c>). Default 1.5 MiB.</summary>
    public int MaxRequestBytes { get; init; } = 1536 << 10;

    /// <summary>Most bytes of data (<c>--quota-backend-bytes</c>), as <c>KeyValueStore.DataBytes</c> counts them; 0 for 2 GiB, negative for no quota. Default 0.</summary>
    public long QuotaBackendBytes { get; init; }

    /// <summary>What history the leader compacts away by itself (<c>--auto-compaction-mode</c>, <c>--auto-compaction-retention</c>). Default none.</summary>
    public AutoCompaction AutoCompaction { get; init; } = AutoCompaction.Off;

    /// <summary>Most operations in a list of a transaction (<c>--max-txn-ops</c>). Default 128.</summary>
    public int MaxTransactionOperations { get; init; } = 128;

    /// <summary>Most streams at once on a client's connection (<c>--max-concurrent-streams</c>). Default 1,048,576.</summary>
    public int MaxConcurrentStreams { get; init; } = 1 << 20;

    /// <summary>Least weight of what is logged (<c>--log-level</c>): debug, info, warn or error. Default info.</summary>
    public string LogLevel { get; init; } = "info";

    /// <summary>More places to serve <c>/metrics</c> and <c>/health</c> (<c>--listen-metrics-urls</c>). Default none.</summary>
    public IReadOnlyList<Uri> ListenMetricsUrls { get; init; } = [];

    /// <summary>How often idle watches that asked for it hear how far they are (<c>--experimental-watch-progress-notify-interval</c>). Default 10 minutes, at least 100 ms.</summary>
    public TimeSpan WatchProgressInterval { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>What users show instead of a password (<c>--auth-token</c>): <c>simple</c>, or <c>jwt</c> with its settings. Default <c>simple</c>.</summary>
    public string AuthToken { get; init; } = "simple";

    /// <summary>How long a simple token is good after its last use (<c>--auth-token-ttl</c>, seconds). Default 300 seconds.</summary>
    public TimeSpan AuthTokenTtl { get; init; } = TimeSpan.FromSeconds(300);

    /// <summary>Work in hashing a password, as a power of two (<c>--bcrypt-cost</c>). Default 10; from 4 to 31.</summary>
    public int BcryptCost { get; init; } = 10;

    /// <summary>Take the common name of a client's certificate for its user, where it shows no token (<c>--client-cert-auth</c>). Default false.</summary>
    public bool ClientCertificateAuth { get; init; }

    /// <summary>TLS towards clients; null for none.</summary>
    public TlsFiles? ClientTls { get; init; }

    /// <summary>TLS between members; null for none.</summary>
    public TlsFiles? PeerTls { get; init; }

    /// <summary>In which zone this member is (<c>--veche-zone</c>); members that fail together are in one. Up to 64 letters, digits, dots, dashes and underscores. Default none; empty leaves what the cluster knows.</summary>
    public string Zone { get; init; } = string.Empty;

    /// <summary>What writes are answered by that come without a concern and whose keys have no profile (<c>--veche-write-concern</c>). Default empty: as in etcd.</summary>
    public string WriteConcern { get; init; } = string.Empty;

    /// <summary>Names for write concerns (<c>--veche-profile</c>), besides <c>critical</c>, <c>normal</c> and <c>disposable</c>. Default none.</summary>
    public string Profiles { get; init; } = string.Empty;

    /// <summary>Profiles or write concerns for keys with a prefix (<c>--veche-prefix-profile</c>). Default none.</summary>
    public string PrefixProfiles { get; init; } = string.Empty;

    /// <summary>What reads are that do not say it themselves (<c>--veche-read-concern</c>, and by prefix of their keys <c>--veche-read-rules</c>). Default linearizable, as in etcd.</summary>
    public ReadRules ReadRules { get; init; } = ReadRules.None;

    /// <summary>Most that the members' clocks drift apart in an election timeout, in milliseconds (<c>--veche-lease-clock-drift-ms</c>); the same on every member. Default null: no reads by lease. Less than the election timeout.</summary>
    public int? LeaseClockDriftMs { get; init; }

    /// <summary>Writes that would wait longer are refused at once (<c>--veche-write-delay-bound-ms</c>), in milliseconds at the rate at which writes are completed. Default 1000; 0 refuses none; at most 60000.</summary>
    public int WriteDelayBoundMs { get; init; } = 1000;

    /// <summary>How long a request waits for others before its caller is told, in milliseconds: etcd's 5 seconds and two election timeouts.</summary>
    public int RequestTimeoutMs => 5000 + (2 * ElectionTimeoutMs);

    /// <summary>Stop when this process ends (<c>--parent-pid</c>): for those who start members as children. Default null.</summary>
    public int? ParentProcessId { get; init; }

    /// <summary>Settings that were accepted and have no effect here.</summary>
    public IReadOnlyList<string> Ignored { get; init; } = [];
}

/// <summary>Files for TLS, PEM, and what is asked of the other side.</summary>
/// <param name="CertificateFile">Certificate (<c>--cert-file</c>, <c>--peer-cert-file</c>).</param>
/// <param name="KeyFile">Its private key (<c>--key-file</c>, <c>--peer-key-file</c>).</param>
/// <param name="TrustedCaFile">Who may sign the other side's certificate (<c>--trusted-ca-file</c>, <c>--peer-trusted-ca-file</c>); null trusts what the machine trusts.</param>
/// <param name="RequireClientCertificate">Refuse those without a certificate (<c>--client-cert-auth</c>, <c>--peer-client-cert-auth</c>).</param>
public sealed record TlsFiles(string CertificateFile, string KeyFile, string? TrustedCaFile, bool RequireClientCertificate)
{
    /// <summary>Certificate revocation list, PEM or DER (<c>--client-crl-file</c>, <c>--peer-crl-file</c>). Default none.</summary>
    public string? RevocationFile { get; init; }

    /// <summary>The common name that the other side's certificate must have (<c>--peer-cert-allowed-cn</c>). Default any.</summary>
    public string? AllowedCommonName { get; init; }

    /// <summary>The host that the other side's certificate must be for (<c>--client-cert-allowed-hostname</c>, <c>--peer-cert-allowed-hostname</c>). Default any.</summary>
    public string? AllowedHostname { get; init; }

    /// <summary>Cipher suites before TLS 1.3, by Go's names (<c>--cipher-suites</c>). Default: the system's.</summary>
    public IReadOnlyList<string> CipherSuites { get; init; } = [];

    /// <summary>Versions of TLS (<c>--tls-min-version</c>, <c>--tls-max-version</c>). Default 1.2 and later.</summary>
    public System.Security.Authentication.SslProtocols Protocols { get; init; } = System.Security.Authentication.SslProtocols.Tls12 | System.Security.Authentication.SslProtocols.Tls13;

    /// <summary>Make a certificate in the data directory (<c>--auto-tls</c>, <c>--peer-auto-tls</c>); members then do not ask who the others are. Default false.</summary>
    public bool IsSelfSigned { get; init; }

    /// <summary>How long such a certificate is valid, in years (<c>--self-signed-cert-validity</c>). Default 1.</summary>
    public int SelfSignedYears { get; init; } = 1;
}

/// <summary>A setting makes no sense. The message says which, and what to do, in one line.</summary>
public sealed class OptionException(string message) : Exception(message);
