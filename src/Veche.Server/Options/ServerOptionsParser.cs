using System.Globalization;
using Veche.Server.Semantics;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Veche.Server.Options;

/// <summary>
/// Settings from the command line, the environment (<c>VECHE_</c> or <c>ETCD_</c> before the name in capitals, with underscores) and a YAML file,
/// the earlier winning over the later.
/// </summary>
public static class ServerOptionsParser
{
    /// <summary>What a person who asks for help sees.</summary>
    public static string Help => string.Join('\n', Flags.All.Select(static flag => $"  --{flag.Name,-46} {flag.Help}"));

    /// <summary>Puts the settings together.</summary>
    /// <param name="arguments">The command line.</param>
    /// <param name="environment">Looks up an environment variable.</param>
    /// <exception cref="OptionException">One is unknown or makes no sense.</exception>
    public static ServerOptions Parse(IReadOnlyList<string> arguments, Func<string, string?> environment)
    {
        Dictionary<string, string> given = FromArguments(arguments);
        foreach (Flags.Flag flag in Flags.All)
        {
            string name = flag.Name.Replace('-', '_').ToUpperInvariant();
            if (!given.ContainsKey(flag.Name) && (environment("VECHE_" + name) ?? environment("ETCD_" + name)) is { Length: > 0 } value)
            {
                given[flag.Name] = value;
            }
        }

        if (given.TryGetValue("config-file", out string? file))
        {
            foreach ((string name, string value) in FromFile(file))
            {
                given.TryAdd(name, value);
            }
        }

        return new Binder(given).Bind();
    }

    private static Dictionary<string, string> FromArguments(IReadOnlyList<string> arguments)
    {
        Dictionary<string, string> given = new(StringComparer.Ordinal);
        for (int i = 0; i < arguments.Count; i++)
        {
            string argument = arguments[i];
            if (!argument.StartsWith('-') || argument.TrimStart('-').Length == 0)
            {
                throw new OptionException($"'{argument}' is not a flag; flags look like --name=value");
            }

            string body = argument.TrimStart('-');
            int equals = body.IndexOf('=', StringComparison.Ordinal);
            string name = equals < 0 ? body : body[..equals];
            Flags.Flag flag = Flags.Find(name) ?? throw Unknown($"--{name}", name, "--");
            if (equals >= 0)
            {
                given[name] = body[(equals + 1)..];
            }
            else if (flag.IsSwitch)
            {
                given[name] = "true";
            }
            else if (i + 1 < arguments.Count)
            {
                given[name] = arguments[++i];
            }
            else
            {
                throw new OptionException($"--{name} needs a value: {flag.Help}");
            }
        }

        return given;
    }

    private static Dictionary<string, string> FromFile(string path)
    {
        Dictionary<string, string> given = new(StringComparer.Ordinal);
        if (path.Length == 0)
        {
            throw new OptionException("--config-file needs the path of a file");
        }

        var yaml = new YamlStream();
        try
        {
            using var reader = new StreamReader(path);
            yaml.Load(reader);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new OptionException($"the configuration file {path} cannot be read: {exception.Message}");
        }
        catch (YamlException exception)
        {
            throw new OptionException($"the configuration file {path} is not YAML, line {exception.Start.Line}: {exception.Message}");
        }

        if (yaml.Documents.Count == 0)
        {
            return given;
        }

        if (yaml.Documents[0].RootNode is not YamlMappingNode root)
        {
            throw new OptionException($"the configuration file {path} should have lines of the form name: value");
        }

        foreach ((YamlNode key, YamlNode value) in root.Children)
        {
            Read(path, NameOf(path, key), value, given);
        }

        return given;
    }

    private static void Read(string path, string name, YamlNode value, Dictionary<string, string> given)
    {
        if (name is "client-transport-security" or "peer-transport-security" && value is YamlMappingNode section)
        {
            // etcd keeps the files for TLS in sections of their own.
            string prefix = name == "peer-transport-security" ? "peer-" : string.Empty;
            foreach ((YamlNode key, YamlNode inner) in section.Children)
            {
                Read(path, prefix + NameOf(path, key), inner, given);
            }

            return;
        }

        if (Flags.Find(name) is null)
        {
            throw Unknown($"'{name}' in {path}", name, string.Empty);
        }

        given[name] = value switch
        {
            YamlScalarNode scalar => scalar.Value ?? string.Empty,
            YamlSequenceNode list => string.Join(',', list.Children.Select(item => item is YamlScalarNode scalar
                ? scalar.Value
                : throw new OptionException($"'{name}' in {path} should be a list of values, line {item.Start.Line}"))),
            _ => throw new OptionException($"'{name}' in {path} should be one value, line {value.Start.Line}"),
        };
    }

    private static string NameOf(string path, YamlNode key) => key is YamlScalarNode { Value: { } name }
        ? name
        : throw new OptionException($"the configuration file {path} has a name that is not text, line {key.Start.Line}");

    private static OptionException Unknown(string shown, string name, string dashes) =>
        new(Flags.Nearest(name) is { } nearest
            ? $"unknown setting {shown}; did you mean {dashes}{nearest}?"
            : $"unknown setting {shown}; 'veche serve --help' lists what there is");

    private sealed class Binder(Dictionary<string, string> given)
    {
        private static readonly ServerOptions Defaults = new();

        public ServerOptions Bind()
        {
            string name = Text("name", Defaults.Name);
            IReadOnlyList<Uri> listenClient = Urls("listen-client-urls", Defaults.ListenClientUrls);
            IReadOnlyList<Uri> listenPeer = Urls("listen-peer-urls", Defaults.ListenPeerUrls);
            IReadOnlyList<Uri> advertisePeer = Urls("initial-advertise-peer-urls", listenPeer);
            var options = new ServerOptions
            {
                Name = name,
                DataDirectory = Text("data-dir", name + ".veche"),
                Memory = Switch("memory"),
                ListenClientUrls = listenClient,
                AdvertiseClientUrls = Urls("advertise-client-urls", listenClient),
                ListenPeerUrls = listenPeer,
                AdvertisePeerUrls = advertisePeer,
                InitialCluster = Cluster(name, advertisePeer),
                InitialClusterToken = Text("initial-cluster-token", Defaults.InitialClusterToken),
                JoinExisting = Choice("initial-cluster-state", "new", "new", "existing") == "existing",
                InitialQuorums = new Raft.QuorumSizes((int)Number("veche-election-quorum", 0, 0, Raft.Configuration.MaxMembers), (int)Number("veche-commit-quorum", 0, 0, Raft.Configuration.MaxMembers)),
                InitialWitnesses = [.. Text("veche-initial-witnesses", string.Empty).Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Distinct(StringComparer.Ordinal)],
                Witness = Switch("witness"),
                ForceNewCluster = Switch("force-new-cluster"),
                StrictReconfigCheck = !given.ContainsKey("strict-reconfig-check") || Switch("strict-reconfig-check"),
                MaxLearners = (int)Number("experimental-max-learners", Defaults.MaxLearners, 1, 100),
                HeartbeatIntervalMs = (int)Number("heartbeat-interval", Defaults.HeartbeatIntervalMs, 1, 10_000),
                ElectionTimeoutMs = (int)Number("election-timeout", Defaults.ElectionTimeoutMs, 10, 50_000),
                LeaderStallMs = given.ContainsKey("veche-leader-stall-ms") ? (int)Number("veche-leader-stall-ms", 0, 0, 600_000) : null,
                StateHashInterval = Duration("state-hash-interval", Defaults.StateHashInterval),
                CanaryInterval = Duration("veche-canary-interval", Defaults.CanaryInterval),
                CanaryPrefix = Text("veche-canary-prefix", Defaults.CanaryPrefix),
                AuditDirectory = given.ContainsKey("veche-audit-dir") ? Text("veche-audit-dir", string.Empty) : null,
                SnapshotCount = Number("snapshot-count", Defaults.SnapshotCount, 1, long.MaxValue),
                QuotaBackendBytes = Number("quota-backend-bytes", Defaults.QuotaBackendBytes, long.MinValue, long.MaxValue),
                AutoCompaction = AutoCompaction.Parse(Choice("auto-compaction-mode", "periodic", "periodic", "revision"), Text("auto-compaction-retention", "0")),
                MaxRequestBytes = (int)Number("max-request-bytes", Defaults.MaxRequestBytes, 1024, 64 << 20),
                MaxTransactionOperations = (int)Number("max-txn-ops", Defaults.MaxTransactionOperations, 1, 1 << 20),
                MaxConcurrentStreams = (int)Math.Min(Number("max-concurrent-streams", Defaults.MaxConcurrentStreams, 1, uint.MaxValue), int.MaxValue),
                LogLevel = Choice("log-level", Defaults.LogLevel, "debug", "info", "warn", "error", "panic", "fatal"),
                ListenMetricsUrls = Urls("listen-metrics-urls", []),
                WatchProgressInterval = Duration("experimental-watch-progress-notify-interval", Defaults.WatchProgressInterval),
                AuthToken = Text("auth-token", Defaults.AuthToken),
                AuthTokenTtl = TimeSpan.FromSeconds(Number("auth-token-ttl", (long)Defaults.AuthTokenTtl.TotalSeconds, 1, 366 * 24 * 3600)),
                BcryptCost = (int)Number("bcrypt-cost", Defaults.BcryptCost, 4, 31),
                ClientCertificateAuth = Switch("client-cert-auth"),
                ReadRules = Rules(),
                LeaseClockDriftMs = given.ContainsKey("veche-lease-clock-drift-ms") ? (int)Number("veche-lease-clock-drift-ms", 0, 0, 50_000) : null,
                ClientTls = Tls(string.Empty),
                PeerTls = Tls("peer-"),
                Zone = Text("veche-zone", Defaults.Zone),
                WriteConcern = Text("veche-write-concern", Defaults.WriteConcern),
                Profiles = Text("veche-profile", Defaults.Profiles),
                PrefixProfiles = Text("veche-prefix-profile", Defaults.PrefixProfiles),
                WriteDelayBoundMs = (int)Number("veche-write-delay-bound-ms", Defaults.WriteDelayBoundMs, 0, 60_000),
                ParentProcessId = given.ContainsKey("parent-pid") ? (int)Number("parent-pid", 0, 1, int.MaxValue) : null,
                Ignored = [.. given.Keys.Where(static key => Flags.Find(key)!.IsIgnored).Order(StringComparer.Ordinal)],
            };
            Check(options);
            return options;
        }

        private static void Check(ServerOptions options)
        {
            if (options.ElectionTimeoutMs < 5 * options.HeartbeatIntervalMs)
            {
                throw new OptionException($"--election-timeout ({options.ElectionTimeoutMs}) should be at least five times --heartbeat-interval ({options.HeartbeatIntervalMs})");
            }

            if (options.LeaderStallMs is > 0 and int stall && stall < options.ElectionTimeoutMs)
            {
                throw new OptionException($"--veche-leader-stall-ms ({stall}) should be 0 or at least --election-timeout ({options.ElectionTimeoutMs}): a hand-over would cost more than the stall");
            }

            if (options.StateHashInterval != TimeSpan.Zero && options.StateHashInterval < TimeSpan.FromMilliseconds(100))
            {
                throw new OptionException($"--state-hash-interval ({options.StateHashInterval.TotalMilliseconds}ms) should be 0s, for never, or at least 100ms: each check is an entry of the log and reads some of the data");
            }

            if (options.CanaryInterval != TimeSpan.Zero && options.CanaryInterval < TimeSpan.FromMilliseconds(100))
            {
                throw new OptionException($"--veche-canary-interval ({options.CanaryInterval.TotalMilliseconds}ms) should be 0s, for never, or at least 100ms: each canary is a write");
            }

            if (options.AuditDirectory is not null && (options.Memory || options.Witness || options.AuditDirectory.Length == 0))
            {
                throw new OptionException(options.AuditDirectory.Length == 0 ? "--veche-audit-dir should name a directory"
                    : options.Memory ? "--veche-audit-dir needs a member that keeps its log: with --memory there is none to write the trail from after a restart"
                    : "--veche-audit-dir is for members with data: a --witness does not see what is written");
            }

            int founders = options.InitialCluster.Select(static member => member.Name).Distinct().Count();
            if (!options.JoinExisting && !options.InitialQuorums.Fit(founders, out string? reason))
            {
                throw new OptionException($"--veche-election-quorum and --veche-commit-quorum: {reason}");
            }

            CheckWitnesses(options, founders);
            if (options.Zone.Length > 64 || !options.Zone.All(static character => char.IsAsciiLetterOrDigit(character) || character is '.' or '-' or '_'))
            {
                throw new OptionException($"--veche-zone has up to 64 letters, digits, dots, dashes and underscores, not '{options.Zone}'");
            }

            if (options.LeaseClockDriftMs >= options.ElectionTimeoutMs)
            {
                throw new OptionException($"--veche-lease-clock-drift-ms ({options.LeaseClockDriftMs}) must be less than --election-timeout ({options.ElectionTimeoutMs}): a lease lasts for what is left");
            }

            if (options.LeaseClockDriftMs is null && options.ReadRules.Concerns.Any(static concern => concern.Level == ReadLevel.Lease))
            {
                throw new OptionException("reads by lease rest on clocks; give --veche-lease-clock-drift-ms, the most that the members' clocks drift apart in an election timeout");
            }

            List<string> own = [.. options.InitialCluster.Where(member => member.Name == options.Name).Select(static member => Normal(member.PeerUrl)).Order(StringComparer.Ordinal)];
            if (own.Count == 0)
            {
                throw new OptionException($"--initial-cluster does not name this member, '{options.Name}'; it has {string.Join(", ", options.InitialCluster.Select(static member => member.Name).Distinct())}");
            }

            if (!options.JoinExisting && !own.SequenceEqual(options.AdvertisePeerUrls.Select(Normal).Order(StringComparer.Ordinal)))
            {
                throw new OptionException($"--initial-cluster has {string.Join(",", own)} for '{options.Name}', but --initial-advertise-peer-urls has {string.Join(",", options.AdvertisePeerUrls.Select(Normal))}; they must be the same");
            }

            // Parsed where they are used; here, so that a mistake is told before anything starts.
            _ = new Semantics.WriteSettings(options.Profiles, options.PrefixProfiles, options.WriteConcern);
            CheckScheme("--listen-client-urls", options.ListenClientUrls, options.ClientTls, "--cert-file and --key-file");
            CheckScheme("--listen-metrics-urls", options.ListenMetricsUrls, options.ClientTls, "--cert-file and --key-file");
            CheckScheme("--listen-peer-urls", options.ListenPeerUrls, options.PeerTls, "--peer-cert-file and --peer-key-file");
        }

        private static void CheckWitnesses(ServerOptions options, int founders)
        {
            if (options is { Witness: true, ForceNewCluster: true })
            {
                throw new OptionException("--force-new-cluster makes a cluster of what one member holds, and a --witness holds nothing; use a member with data");
            }

            if (options.JoinExisting)
            {
                return;
            }

            if (options.InitialWitnesses.FirstOrDefault(witness => options.InitialCluster.All(member => member.Name != witness)) is { } unknown)
            {
                throw new OptionException($"--veche-initial-witnesses names '{unknown}', and --initial-cluster has {string.Join(", ", options.InitialCluster.Select(static member => member.Name).Distinct())}");
            }

            if (options.Witness != options.InitialWitnesses.Contains(options.Name))
            {
                throw new OptionException(options.Witness
                    ? $"--witness needs a cluster that knows of it: name '{options.Name}' in --veche-initial-witnesses on every first member, or add it to a running one (veche member add --witness) and give --initial-cluster-state existing"
                    : $"--veche-initial-witnesses names this member, '{options.Name}': start it with --witness");
            }

            if (!options.InitialQuorums.Fit(founders, options.InitialWitnesses.Count, out string? reason))
            {
                throw new OptionException($"--veche-initial-witnesses: {reason}");
            }
        }

        private static void CheckScheme(string flag, IReadOnlyList<Uri> urls, TlsFiles? tls, string files)
        {
            if (tls is null && urls.Any(static url => url.Scheme == Uri.UriSchemeHttps))
            {
                throw new OptionException($"{flag} has https, which needs {files}");
            }
        }

        private ReadRules Rules()
        {
            try
            {
                return ReadRules.Parse(Text("veche-read-rules", string.Empty), Text("veche-read-concern", string.Empty));
            }
            catch (FormatException exception)
            {
                throw new OptionException($"--veche-read-concern or --veche-read-rules: {exception.Message}");
            }
        }

        private static string Normal(Uri url) => Server.Urls.Plain(url);

        private string Text(string name, string otherwise) => given.GetValueOrDefault(name) is { Length: > 0 } value ? value : otherwise;

        private bool Switch(string name) => given.GetValueOrDefault(name)?.ToUpperInvariant() switch
        {
            null or "FALSE" or "0" or "F" => false,
            "TRUE" or "1" or "T" or "" => true,
            string other => throw new OptionException($"--{name} is true or false, not '{other}'"),
        };

        private string Choice(string name, string otherwise, params string[] allowed)
        {
            string value = Text(name, otherwise);
            return allowed.Contains(value) ? value : throw new OptionException($"--{name} is one of {string.Join(", ", allowed)}, not '{value}'");
        }

        private long Number(string name, long otherwise, long least, long most)
        {
            if (given.GetValueOrDefault(name) is not { Length: > 0 } text)
            {
                return otherwise;
            }

            return long.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out long value) && value >= least && value <= most
                ? value
                : throw new OptionException($"--{name} is a number from {least} to {most}, not '{text}'");
        }

        private TimeSpan Duration(string name, TimeSpan otherwise)
        {
            if (given.GetValueOrDefault(name) is not { Length: > 0 } text)
            {
                return otherwise;
            }

            (string unit, double milliseconds) = text switch
            {
                _ when text.EndsWith("ms", StringComparison.Ordinal) => ("ms", 1),
                _ when text.EndsWith('s') => ("s", 1000),
                _ when text.EndsWith('m') => ("m", 60_000),
                _ when text.EndsWith('h') => ("h", 3_600_000),
                _ => (string.Empty, 0.0),
            };
            return unit.Length > 0 && double.TryParse(text.AsSpan(0, text.Length - unit.Length), NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && value * milliseconds is >= 100 and <= 86_400_000
                ? TimeSpan.FromMilliseconds(value * milliseconds)
                : throw new OptionException($"--{name} is a duration from 100ms to 24h, such as 10m, not '{text}'");
        }

        private IReadOnlyList<Uri> Urls(string name, IReadOnlyList<Uri> otherwise) =>
            given.GetValueOrDefault(name) is { Length: > 0 } text
                ? [.. text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(part => Url(name, part))]
                : otherwise;

        private static Uri Url(string name, string text) =>
            Uri.TryCreate(text, UriKind.Absolute, out Uri? url) && (url.Scheme == Uri.UriSchemeHttp || url.Scheme == Uri.UriSchemeHttps) && url.AbsolutePath == "/" && HasPort(text, url)
                ? url
                : throw new OptionException($"--{name} has '{text}'; it should look like http://127.0.0.1:2379, with scheme and port and without a path");

        /// <summary>A <see cref="Uri"/> does not tell a port that was left out from the usual one that was not.</summary>
        private static bool HasPort(string text, Uri url) => !url.IsDefaultPort || text.TrimEnd('/').EndsWith($":{url.Port}", StringComparison.Ordinal);

        private List<(string Name, Uri PeerUrl)> Cluster(string name, IReadOnlyList<Uri> advertisePeer)
        {
            if (given.GetValueOrDefault("initial-cluster") is not { Length: > 0 } text)
            {
                return [.. advertisePeer.Select(url => (name, url))];
            }

            List<(string Name, Uri PeerUrl)> members = [];
            foreach (string part in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
            {
                int equals = part.IndexOf('=', StringComparison.Ordinal);
                if (equals <= 0)
                {
                    throw new OptionException($"--initial-cluster has '{part}'; it should be a list such as a=http://10.0.0.1:2380,b=http://10.0.0.2:2380");
                }

                members.Add((part[..equals], Url("initial-cluster", part[(equals + 1)..])));
            }

            return members;
        }

        private TlsFiles? Tls(string prefix)
        {
            string? certificate = Optional(prefix + "cert-file");
            string? key = Optional(prefix + "key-file");
            bool automatic = certificate is null && key is null && Switch(prefix + "auto-tls");
            if (certificate is null && key is null && !automatic)
            {
                return null;
            }

            if (!automatic && (certificate is null || key is null))
            {
                throw new OptionException($"--{prefix}cert-file and --{prefix}key-file go together");
            }

            string? ca = Optional(prefix + "trusted-ca-file");
            string? list = Optional(prefix.Length > 0 ? "peer-crl-file" : "client-crl-file");
            string? host = Optional(prefix.Length > 0 ? "peer-cert-allowed-hostname" : "client-cert-allowed-hostname");
            string? name = prefix.Length > 0 ? Optional("peer-cert-allowed-cn") : null;

            // As in etcd: naming an authority is asking for its certificates, with or without the switch. Whoever relied on that must not find the door open.
            bool require = Switch(prefix + "client-cert-auth") || ca is not null;
            if (require && ca is null)
            {
                throw new OptionException($"--{prefix}client-cert-auth needs --{prefix}trusted-ca-file");
            }

            if ((list ?? host ?? name) is not null && !require)
            {
                throw new OptionException($"who may connect can only be told by certificates: a revocation list, allowed name or hostname needs --{prefix}trusted-ca-file");
            }

            if (host is not null && name is not null)
            {
                throw new OptionException("--peer-cert-allowed-cn and --peer-cert-allowed-hostname exclude each other");
            }

            return new TlsFiles(certificate ?? string.Empty, key ?? string.Empty, ca, require)
            {
                RevocationFile = list,
                AllowedCommonName = name,
                AllowedHostname = host,
                CipherSuites = Optional("cipher-suites")?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [],
                Protocols = TlsVersions(),
                IsSelfSigned = automatic,
                SelfSignedYears = (int)Number("self-signed-cert-validity", 1, 1, 100),
            };
        }

        private System.Security.Authentication.SslProtocols TlsVersions()
        {
            string least = Choice("tls-min-version", "TLS1.2", "TLS1.2", "TLS1.3");
            string most = Choice("tls-max-version", "TLS1.3", "TLS1.2", "TLS1.3");
            return (least, most) switch
            {
                ("TLS1.2", "TLS1.2") => System.Security.Authentication.SslProtocols.Tls12,
                ("TLS1.3", "TLS1.3") => System.Security.Authentication.SslProtocols.Tls13,
                ("TLS1.2", "TLS1.3") => System.Security.Authentication.SslProtocols.Tls12 | System.Security.Authentication.SslProtocols.Tls13,
                _ => throw new OptionException("--tls-min-version is later than --tls-max-version"),
            };
        }

        private string? Optional(string name) => given.GetValueOrDefault(name) is { Length: > 0 } value ? value : null;
    }
}
