using System.Security.Cryptography;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Veche.Api;
using Veche.Api.Commands;
using Veche.Server.Options;
using Veche.Store;

namespace Veche.Server.Auth;

/// <summary>
/// Tokens that say themselves whose they are, signed. No member has to remember them, so they outlive restarts; they end with their time, and
/// for keys with the next change of users, roles or permissions, because the revision is in them.
/// </summary>
internal sealed class JwtTokens : ITokens
{
    private const string UserClaim = "username";
    private const string RevisionClaim = "revision";
    private static readonly StoreError OnlyChecks = new(StoreErrorCode.Unknown, "auth: token signing attempted with verify-only key");

    private readonly MemberContext _member;
    private readonly JsonWebTokenHandler _handler = new() { SetDefaultTimesOnTokenCreation = false };
    private readonly TokenValidationParameters _rules;
    private readonly SigningCredentials? _sign;
    private readonly TimeSpan _timeToLive;
    private readonly TimeProvider _time;

    /// <exception cref="OptionException">The keys cannot be used.</exception>
    public JwtTokens(MemberContext member, JwtSettings settings, TimeProvider time)
    {
        JwtKeys keys = JwtKeys.Load(settings);
        _member = member;
        _time = time;
        _timeToLive = settings.TimeToLive;
        _sign = keys.Sign is null ? null : new SigningCredentials(keys.Sign, settings.Method);
        _rules = new TokenValidationParameters
        {
            // The method that was configured and no other, whatever the token says.
            ValidAlgorithms = [settings.Method],
            IssuerSigningKey = keys.Check,
            TryAllIssuerSigningKeys = true,
            RequireSignedTokens = true,
            ValidateIssuer = false,
            ValidateAudience = false,

            // As in etcd: whoever has the key may make tokens that do not end.
            RequireExpirationTime = false,
            LifetimeValidator = IsAlive,
        };
        TryOut(settings);
    }

    public async ValueTask<Caller?> FindAsync(string token, CancellationToken cancellationToken)
    {
        TokenValidationResult result = await _handler.ValidateTokenAsync(token, _rules).ConfigureAwait(false);
        return result.IsValid
            && result.SecurityToken is JsonWebToken jwt
            && jwt.TryGetPayloadValue(UserClaim, out string? user)
            && user is not null
            && jwt.TryGetPayloadValue(RevisionClaim, out ulong revision)
            && revision > 0
            ? new Caller { User = user, Revision = revision }
            : null;
    }

    public ValueTask<AuthenticateResponse?> IssueAsync(string user, ulong checkedRevision, CancellationToken cancellationToken) =>
        _sign is null ? throw new StoreException(OnlyChecks)
        : _member.Store.Auth.Revision != checkedRevision ? ValueTask.FromResult<AuthenticateResponse?>(null)
        : ValueTask.FromResult<AuthenticateResponse?>(new AuthenticateResponse { Header = _member.NewHeader(), Token = Make(user, checkedRevision) });

    private string Make(string user, ulong revision) => _handler.CreateToken(new SecurityTokenDescriptor
    {
        Claims = new Dictionary<string, object> { [UserClaim] = user, [RevisionClaim] = (long)revision },
        Expires = (_time.GetUtcNow() + _timeToLive).UtcDateTime,
        SigningCredentials = _sign,
    });

    private bool IsAlive(DateTime? notBefore, DateTime? expires, SecurityToken token, TokenValidationParameters rules)
    {
        DateTime now = _time.GetUtcNow().UtcDateTime;
        return (notBefore is null || notBefore <= now) && (expires is null || now < expires);
    }

    /// <summary>A key that cannot sign should be known when the member starts, not when the first user comes.</summary>
    private void TryOut(JwtSettings settings)
    {
        try
        {
            if (_sign is not null && !_handler.ValidateTokenAsync(Make("root", 1), _rules).GetAwaiter().GetResult().IsValid)
            {
                throw new OptionException($"--auth-token=jwt: what {settings.PrivateKeyFile} signs with {settings.Method} cannot be checked");
            }
        }
        catch (Exception exception) when (exception is CryptographicException or ArgumentException or NotSupportedException or InvalidOperationException or SecurityTokenException)
        {
            throw new OptionException($"--auth-token=jwt: {settings.PrivateKeyFile} cannot be used with {settings.Method}: {exception.Message.Split('\n')[0]}");
        }
    }
}
