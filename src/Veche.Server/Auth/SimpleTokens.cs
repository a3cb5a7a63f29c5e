using System.Globalization;
using System.Security.Cryptography;
using Grpc.Core;
using Veche.Api;
using Veche.Api.Commands;
using Veche.Store.Auth;

namespace Veche.Server.Auth;

/// <summary>Tokens that mean nothing by themselves: sixteen random letters, a dot, and the index of the entry that issued them, as etcd's.</summary>
internal sealed class SimpleTokens(MemberContext member, SimpleTokenTable table) : ITokens
{
    private const int RandomLetters = 16;
    private const string Letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

    public async ValueTask<Caller?> FindAsync(string token, CancellationToken cancellationToken)
    {
        if (IndexOf(token) is not { } index)
        {
            return null;
        }

        if (table.Use(token) is { } user)
        {
            return Recognised(user);
        }

        if (index <= member.Store.Applied.Index)
        {
            return null;
        }

        // Another member issued it and this one has not come so far, or somebody made it up. What has been issued has been committed.
        await member.ConfirmReadAsync(cancellationToken).ConfigureAwait(false);
        return table.Use(token) is { } late ? Recognised(late) : null;
    }

    public async ValueTask<AuthenticateResponse?> IssueAsync(string user, ulong checkedRevision, CancellationToken cancellationToken)
    {
        var issue = new IssueToken { User = user, RandomPart = RandomNumberGenerator.GetString(Letters, RandomLetters), CheckedRevision = checkedRevision };
        try
        {
            return await member.ProposeAsync<AuthenticateResponse>(new Command { Auth = new AuthCommand { IssueToken = issue } }, cancellationToken).ConfigureAwait(false);
        }
        catch (RpcException exception) when (exception.Status.Detail == AuthErrors.OldRevision.Message)
        {
            return null;
        }
    }

    private Caller Recognised(string user) => new() { User = user, Revision = member.Store.Auth.Revision };

    private static long? IndexOf(string token)
    {
        int dot = token.IndexOf('.', StringComparison.Ordinal);
        return dot >= 0 && long.TryParse(token.AsSpan(dot + 1), NumberStyles.None, CultureInfo.InvariantCulture, out long index) ? index : null;
    }
}
