using System.Collections.Concurrent;
using Grpc.Core;
using Veche.Api.Commands;

namespace Veche.Server.Admission;

/// <summary>Which client a call comes from: a user where users are known, otherwise the connection.</summary>
internal sealed class ClientShares
{
    /// <summary>More users than that share one share: a bound, not a wish.</summary>
    private const int MostUsers = 10_000;

    private readonly ConcurrentDictionary<string, ClientShare> _users = new(StringComparer.Ordinal);
    private readonly ClientShare _others = new();

    public ClientShare Of(Caller? caller, ServerCallContext context)
    {
        if (caller is { User.Length: > 0 })
        {
            return _users.TryGetValue(caller.User, out ClientShare? known) ? known
                : _users.Count < MostUsers ? _users.GetOrAdd(caller.User, static _ => new ClientShare())
                : _others;
        }

        return context.GetHttpContext().Features.Get<ClientShare>() ?? _others;
    }
}
