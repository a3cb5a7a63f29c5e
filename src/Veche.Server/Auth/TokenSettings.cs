using Veche.Server.Options;

namespace Veche.Server.Auth;

/// <summary>What <c>--auth-token</c> says: a kind, and settings of that kind.</summary>
internal sealed record TokenSettings(string Kind, IReadOnlyDictionary<string, string> Settings)
{
    public const string Simple = "simple";
    public const string Jwt = "jwt";

    /// <exception cref="OptionException">It makes no sense.</exception>
    public static TokenSettings Parse(string text)
    {
        string[] parts = text.Split(',', StringSplitOptions.TrimEntries);
        Dictionary<string, string> settings = new(StringComparer.Ordinal);
        foreach (string part in parts.Skip(1))
        {
            int equals = part.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0 || !settings.TryAdd(part[..equals], part[(equals + 1)..]))
            {
                throw new OptionException($"--auth-token has '{part}'; it should look like jwt,sign-method=RS256,pub-key=FILE,priv-key=FILE,ttl=5m, each setting once");
            }
        }

        return parts[0] is Simple or Jwt ? new TokenSettings(parts[0], settings) : throw new OptionException($"--auth-token is simple or jwt, not '{parts[0]}'");
    }
}
