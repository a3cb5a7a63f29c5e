namespace Veche.Server.Options;

/// <summary>Every setting there is, by etcd's name where etcd has it.</summary>
internal static class Flags
{
    /// <summary>A setting.</summary>
    /// <param name="Name">Without dashes.</param>
    /// <param name="IsSwitch">May stand without a value, for true.</param>
    /// <param name="Help">One line.</param>
    /// <param name="IsIgnored">Accepted so that etcd's scripts work; does nothing here.</param>
    public sealed record Flag(string Name, bool IsSwitch, string Help, bool IsIgnored = false);

    public static readonly IReadOnlyList<Flag> All =
    [
        new("name", false, "human-readable name of this member (default: default)"),
        new("data-dir", false, "directory of log and data (default: NAME.veche)"),
        new("memory", true, "keep nothing on disk; all is lost with the process"),
        new("listen-client-urls", false, "where to listen for clients (default: http://localhost:2379)"),
        new("advertise-client-urls", false, "what clients are told (default: where it listens)"),
        new("listen-peer-urls", false, "where to listen for the other members (default: http://localhost:2380)"),
        new("initial-advertise-peer-urls", false, "what the other members are told (default: where it listens)"),
        new("initial-cluster", false, "the first members, as name=url,name=url (default: this one alone)"),
        new("initial-cluster-token", false, "keeps clusters with the same addresses apart (default: etcd-cluster)"),
        new("initial-cluster-state", false, "new, or existing to join a running cluster (default: new)"),
        new("veche-election-quorum", false, "how many of the first members elect a leader, the same for all of them; 0 for a majority (default: 0)"),
        new("veche-commit-quorum", false, "how many of the first members must hold a write, the same for all of them; 0 for a majority (default: 0)"),
        new("witness", true, "this member votes and holds no data; it must have been added as one, or be named in --veche-initial-witnesses"),
        new("veche-initial-witnesses", false, "which of the first members are witnesses, by name, the same for all of them (default: none)"),
        new("heartbeat-interval", false, "milliseconds between a leader's heartbeats (default: 100)"),
        new("election-timeout", false, "milliseconds without a leader before an election (default: 1000)"),
        new("veche-leader-stall-ms", false, "milliseconds without progress of disk or state machine after which a leader gives leadership away; 0 for never (default: four election timeouts)"),
        new("state-hash-interval", false, "how often members compare their states at the same place in the log; 0s for never (default: 10s)"),
        new("veche-canary-interval", false, "how often this member writes a value that it knows and reads it back, at least 100ms; 0s for never (default: 0s)"),
        new("veche-canary-prefix", false, "what the keys of those values begin with; the member's id follows (default: veche/canary/)"),
        new("veche-audit-dir", false, "directory of this member's audit trail: a line for every entry of the log, with no gap (default: no trail)"),
        new("snapshot-count", false, "entries between two snapshots (default: 100000)"),
        new("quota-backend-bytes", false, "most bytes of data; 0 for 2 GiB, negative for no quota (default: 0)"),
        new("auto-compaction-mode", false, "periodic or revision (default: periodic)"),
        new("auto-compaction-retention", false, "history to keep: hours or a duration, or revisions; 0 keeps all (default: 0)"),
        new("max-request-bytes", false, "largest request in bytes (default: 1572864)"),
        new("max-txn-ops", false, "most operations in a list of a transaction (default: 128)"),
        new("max-concurrent-streams", false, "most streams at once on a connection (default: 1048576)"),
        new("log-level", false, "debug, info, warn or error (default: info)"),
        new("listen-metrics-urls", false, "more places to serve /metrics and /health, and nothing else"),
        new("experimental-watch-progress-notify-interval", false, "how often idle watches hear how far they are (default: 10m)"),
        new("cert-file", false, "certificate shown to clients, PEM"),
        new("key-file", false, "private key of the certificate, PEM"),
        new("trusted-ca-file", false, "who may sign clients' certificates, PEM; clients without one are refused"),
        new("client-cert-auth", true, "refuse clients without a certificate"),
        new("peer-cert-file", false, "certificate shown to the other members, PEM"),
        new("peer-key-file", false, "private key of that certificate, PEM"),
        new("peer-trusted-ca-file", false, "who may sign the other members' certificates, PEM"),
        new("peer-client-cert-auth", true, "refuse members without a certificate"),
        new("auth-token", false, "what users show instead of a password: simple, or jwt,sign-method=METHOD,pub-key=FILE,priv-key=FILE,ttl=5m (default: simple)"),
        new("auth-token-ttl", false, "seconds that a simple token is good after its last use (default: 300)"),
        new("bcrypt-cost", false, "work in hashing a password, as a power of two, 4 to 31 (default: 10)"),
        new("client-crl-file", false, "certificates of clients that are no longer valid, PEM or DER"),
        new("client-cert-allowed-hostname", false, "the host that clients' certificates must be for"),
        new("auto-tls", true, "make a certificate for clients in the data directory"),
        new("peer-crl-file", false, "certificates of members that are no longer valid, PEM or DER"),
        new("peer-cert-allowed-cn", false, "the common name that members' certificates must have"),
        new("peer-cert-allowed-hostname", false, "the host that members' certificates must be for"),
        new("peer-auto-tls", true, "make a certificate for the other members in the data directory"),
        new("self-signed-cert-validity", false, "years that such certificates are valid (default: 1)"),
        new("cipher-suites", false, "cipher suites before TLS 1.3, by Go's names (default: the system's)"),
        new("tls-min-version", false, "TLS1.2 or TLS1.3 (default: TLS1.2)"),
        new("tls-max-version", false, "TLS1.2 or TLS1.3 (default: TLS1.3)"),
        new("veche-zone", false, "the zone this member is in, for write concerns such as zones:2"),
        new("veche-write-concern", false, "what writes without a concern of their own are answered by (default: majority, as etcd)"),
        new("veche-profile", false, "names for write concerns, as name=concern;name=concern, besides critical, normal, disposable"),
        new("veche-prefix-profile", false, "profiles or concerns by prefix of the key, as /config/=critical;/cache/=disposable"),
        new("config-file", false, "YAML file with the same names; flags and environment win over it"),
        new("veche-read-concern", false, "what reads are that do not say it themselves: linearizable, lease, bounded:revisions=N,ms=M or stale (default: linearizable)"),
        new("veche-read-rules", false, "the same by prefix of the keys, as PREFIX=CONCERN;PREFIX=CONCERN (default: none)"),
        new("veche-write-delay-bound-ms", false, "milliseconds that a write may be expected to wait; more are refused at once; 0 refuses none (default: 1000)"),
        new("veche-lease-clock-drift-ms", false, "most that the members' clocks drift apart in an election timeout; allows reads by lease (default: none)"),
        new("parent-pid", false, "stop when this process ends"),
        new("enable-v2", true, "accepted, no effect: there is no v2 API", IsIgnored: true),
        new("logger", false, "accepted, no effect", IsIgnored: true),
        new("log-outputs", false, "accepted, no effect: logs go to standard error", IsIgnored: true),
        new("enable-pprof", true, "accepted, no effect", IsIgnored: true),
        new("pre-vote", true, "accepted, no effect: always on", IsIgnored: true),
        new("metrics", false, "accepted, no effect", IsIgnored: true),
        new("wal-dir", false, "accepted, no effect: the log is in the data directory", IsIgnored: true),
        new("max-wals", false, "accepted, no effect: segments of the log go when the state on disk covers them", IsIgnored: true),
        new("max-snapshots", false, "accepted, no effect: only the newest snapshot file is kept", IsIgnored: true),
        new("backend-batch-limit", false, "accepted, no effect: what is committed together is applied together", IsIgnored: true),
        new("backend-batch-interval", false, "accepted, no effect: what is committed together is applied together", IsIgnored: true),
        new("experimental-compaction-batch-limit", false, "accepted, no effect: compaction gives way to writes by itself", IsIgnored: true),
        new("strict-reconfig-check", true, "refuse membership changes that would leave too few working members (default: true)"),
        new("force-new-cluster", true, "make this member's data a cluster of its own"),
        new("experimental-max-learners", false, "most learners at once (default: 1)"),
        new("experimental-initial-corrupt-check", true, "accepted, no effect", IsIgnored: true),
        new("unsafe-no-fsync", true, "accepted, no effect", IsIgnored: true),
        new("debug", true, "accepted, no effect", IsIgnored: true),
        new("initial-election-tick-advance", true, "accepted, no effect", IsIgnored: true),
        new("host-whitelist", false, "accepted, no effect", IsIgnored: true),
        new("cors", false, "accepted, no effect", IsIgnored: true),
        new("enable-grpc-gateway", true, "accepted, no effect: it is always there", IsIgnored: true),
        new("log-package-levels", false, "accepted, no effect", IsIgnored: true),
    ];

    private static readonly Dictionary<string, Flag> ByName = All.ToDictionary(static flag => flag.Name, StringComparer.Ordinal);

    public static Flag? Find(string name) => ByName.GetValueOrDefault(name);

    /// <summary>The known name nearest to one that was mistyped, or null when none is near.</summary>
    public static string? Nearest(string name)
    {
        (int distance, string? nearest) = (int.MaxValue, null);
        foreach (Flag flag in All)
        {
            int candidate = Distance(name, flag.Name);
            if (candidate < distance)
            {
                (distance, nearest) = (candidate, flag.Name);
            }
        }

        return distance <= Math.Max(2, name.Length / 3) ? nearest : null;
    }

    private static int Distance(string left, string right)
    {
        int[] previous = [.. Enumerable.Range(0, right.Length + 1)];
        for (int i = 1; i <= left.Length; i++)
        {
            int[] current = new int[right.Length + 1];
            current[0] = i;
            for (int j = 1; j <= right.Length; j++)
            {
                int replace = previous[j - 1] + (left[i - 1] == right[j - 1] ? 0 : 1);
                current[j] = Math.Min(replace, Math.Min(previous[j], current[j - 1]) + 1);
            }

            previous = current;
        }

        return previous[right.Length];
    }
}
