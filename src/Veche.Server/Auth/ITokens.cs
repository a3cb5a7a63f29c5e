using Veche.Api;
using Veche.Api.Commands;

namespace Veche.Server.Auth;

/// <summary>What a user shows instead of a password.</summary>
internal interface ITokens
{
    /// <summary>Whose token it is; null when it is nobody's, or its time is up.</summary>
    ValueTask<Caller?> FindAsync(string token, CancellationToken cancellationToken);

    /// <summary>Makes one for a user whose password was right at a revision; null when that is no longer the current one.</summary>
    ValueTask<AuthenticateResponse?> IssueAsync(string user, ulong checkedRevision, CancellationToken cancellationToken);
}
