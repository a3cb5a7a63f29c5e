using Microsoft.Extensions.DependencyInjection;
using Veche.Server.Options;

namespace Veche.Server.Auth;

/// <summary>Puts the room together as the options want it.</summary>
internal sealed class AuthSetup
{
    private readonly SimpleTokenTable? _table;
    private readonly Passwords _passwords;
    private readonly Authenticator _authenticator;

    /// <summary>To be made before the store is used.</summary>
    /// <exception cref="OptionException">The tokens cannot be as the options want them.</exception>
    public AuthSetup(MemberContext member, ServerLog log)
    {
        ServerOptions options = member.Options;
        TokenSettings settings = TokenSettings.Parse(options.AuthToken);
        ITokens tokens;
        if (settings.Kind == TokenSettings.Jwt)
        {
            tokens = new JwtTokens(member, JwtSettings.Parse(settings.Settings), TimeProvider.System);
        }
        else
        {
            _table = new SimpleTokenTable(options.AuthTokenTtl, TimeProvider.System);
            tokens = new SimpleTokens(member, _table);
            member.Store.AuthObserver = _table;
        }

        _passwords = new Passwords(options.BcryptCost);
        _authenticator = new Authenticator(member, tokens, _passwords, log);
    }

    /// <summary>The host has started, and its log reaches so far.</summary>
    public void Begin(long lastIndex) => _table?.Begin(lastIndex);

    public void Register(IServiceCollection services)
    {
        services.AddSingleton(_authenticator);
        services.AddSingleton(_passwords);
        services.AddSingleton<AuthGate>();
    }
}
