using System.CommandLine;

namespace Veche.Cli.Client;

/// <summary>The options that every command has that speaks to a cluster.</summary>
internal static class ConnectionOptions
{
    public const string DefaultEndpoint = "127.0.0.1:2379";

    public static readonly Option<string?> Endpoints = new("--endpoints") { Description = $"Members to ask, separated by commas. Default: VECHE_ENDPOINTS, ETCDCTL_ENDPOINTS, {DefaultEndpoint}." };
    public static readonly Option<string?> Authority = new("--cacert") { Description = "PEM file with the authorities to trust (ETCDCTL_CACERT)." };
    public static readonly Option<string?> Certificate = new("--cert") { Description = "PEM file with the certificate to show (ETCDCTL_CERT)." };
    public static readonly Option<string?> Key = new("--key") { Description = "PEM file with its key (ETCDCTL_KEY)." };
    public static readonly Option<bool> SkipVerification = new("--insecure-skip-tls-verify") { Description = "Trust whoever answers. For tests." };
    public static readonly Option<string?> User = new("--user") { Description = "NAME or NAME:PASSWORD (ETCDCTL_USER). Without a password it is asked for at a terminal." };
    public static readonly Option<string?> Password = new("--password") { Description = "Password of --user (ETCDCTL_PASSWORD): the whole of --user is then the name." };
    public static readonly Option<string> Timeout = new("--timeout", "--command-timeout") { Description = "For one call with all its attempts: 500ms, 5s, 1m.", DefaultValueFactory = static _ => "5s" };

    public static void AddTo(Command command)
    {
        foreach (Option option in (Option[])[Endpoints, Authority, Certificate, Key, SkipVerification, User, Password, Timeout])
        {
            command.Options.Add(option);
        }
    }

    /// <summary>Reads them.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="environment">A variable of the environment, or null.</param>
    /// <param name="askPassword">Asks a person for a user's password, or gives null where nobody can be asked.</param>
    /// <exception cref="CommandFailedException">A value cannot be understood.</exception>
    public static ConnectionSettings Read(ParseResult parsed, Func<string, string?> environment, Func<string, string?> askPassword)
    {
        string? authority = parsed.GetValue(Authority) ?? NullIfEmpty(environment("ETCDCTL_CACERT"));
        string? certificate = parsed.GetValue(Certificate) ?? NullIfEmpty(environment("ETCDCTL_CERT"));
        string? key = parsed.GetValue(Key) ?? NullIfEmpty(environment("ETCDCTL_KEY"));
        bool skip = parsed.GetValue(SkipVerification);
        if ((certificate is null) != (key is null))
        {
            throw Usage("--cert and --key belong together: give both");
        }

        if (!Timeouts.TryParse(parsed.GetValue(Timeout)!, out TimeSpan timeout))
        {
            throw Usage($"--timeout '{parsed.GetValue(Timeout)}' is no span of time; it should look like 5s or 500ms");
        }

        string endpoints = parsed.GetValue(Endpoints) ?? NullIfEmpty(environment("VECHE_ENDPOINTS")) ?? NullIfEmpty(environment("ETCDCTL_ENDPOINTS")) ?? DefaultEndpoint;
        (string? user, string? password) = SplitUser(parsed.GetValue(User) ?? NullIfEmpty(environment("ETCDCTL_USER")), parsed.GetValue(Password) ?? NullIfEmpty(environment("ETCDCTL_PASSWORD")));
        if (user is not null && password is null)
        {
            // A certificate with a common name needs none, but then it needs no --user either.
            password = askPassword(user) ?? throw Usage($"no password for user '{user}', and no terminal to ask at: use --user {user}:PASSWORD, --password, or ETCDCTL_PASSWORD");
        }

        return new ConnectionSettings
        {
            Endpoints = ParseEndpoints(endpoints, authority is not null || certificate is not null || skip),
            Timeout = timeout,
            AuthorityFile = authority,
            CertificateFile = certificate,
            KeyFile = key,
            SkipVerification = skip,
            User = user,
            Password = new Secret(password ?? string.Empty),
        };
    }

    /// <summary>Endpoints as URLs. One without a scheme gets https when anything about TLS was said.</summary>
    public static IReadOnlyList<string> ParseEndpoints(string endpoints, bool tls)
    {
        List<string> urls = [];
        foreach (string part in endpoints.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            string url = part.Contains("://", StringComparison.Ordinal) ? part : (tls ? "https://" : "http://") + part;
            if (!Uri.TryCreate(url, UriKind.Absolute, out Uri? uri) || uri.Scheme is not ("http" or "https") || uri.Host.Length == 0)
            {
                throw Usage($"'{part}' is no endpoint; it should look like {DefaultEndpoint}");
            }

            urls.Add(url);
        }

        return urls.Count > 0 ? urls : throw Usage($"--endpoints names none; it should look like {DefaultEndpoint}");
    }

    private static (string? User, string? Password) SplitUser(string? user, string? password)
    {
        if (user is null || password is not null)
        {
            return (user, password);
        }

        int colon = user.IndexOf(':', StringComparison.Ordinal);
        return colon < 0 ? (user, null) : (user[..colon], user[(colon + 1)..]);
    }

    private static string? NullIfEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;

    private static CommandFailedException Usage(string message) => new(ExitCode.Usage, message);
}
