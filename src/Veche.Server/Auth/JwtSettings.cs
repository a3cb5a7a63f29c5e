using Veche.Server.Options;

namespace Veche.Server.Auth;

/// <summary>How to sign and check tokens that say themselves whose they are.</summary>
/// <param name="Method">The one algorithm that is made and accepted, by its name in the standard, such as RS256.</param>
/// <param name="PublicKeyFile">PEM: public key or certificate; null when the private key says it.</param>
/// <param name="PrivateKeyFile">PEM, or for HS methods the secret as it is; null for a member that only checks.</param>
/// <param name="TimeToLive">How long a token is good.</param>
internal sealed record JwtSettings(string Method, string? PublicKeyFile, string? PrivateKeyFile, TimeSpan TimeToLive)
{
    private static readonly TimeSpan DefaultTimeToLive = TimeSpan.FromMinutes(5);
    private static readonly string[] Known = ["sign-method", "pub-key", "priv-key", "ttl"];

    /// <exception cref="OptionException">It makes no sense.</exception>
    public static JwtSettings Parse(IReadOnlyDictionary<string, string> settings)
    {
        if (settings.Keys.FirstOrDefault(static name => !Known.Contains(name)) is { } unknown)
        {
            throw new OptionException($"--auth-token=jwt has no setting '{unknown}'; there are {string.Join(", ", Known)}");
        }

        if (!settings.TryGetValue("sign-method", out string? method) || method.Length == 0)
        {
            throw new OptionException("--auth-token=jwt needs sign-method, such as sign-method=RS256");
        }

        TimeSpan timeToLive = DefaultTimeToLive;
        if (settings.TryGetValue("ttl", out string? ttl) && !(Durations.TryParse(ttl, out timeToLive) && timeToLive > TimeSpan.Zero))
        {
            throw new OptionException($"--auth-token=jwt has ttl={ttl}; it should be a duration such as 5m");
        }

        return new JwtSettings(method, NullIfEmpty(settings.GetValueOrDefault("pub-key")), NullIfEmpty(settings.GetValueOrDefault("priv-key")), timeToLive);
    }

    private static string? NullIfEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;
}
