using System.Text;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Veche.Server.Membership;

namespace Veche.Server.Http;

/// <summary><c>/livez</c> and <c>/readyz</c>: named checks, together or one by one (<c>/readyz/NAME</c>), some left out (<c>?exclude=NAME</c>), each told (<c>?verbose</c>).</summary>
internal static class Probes
{
    private delegate Task<string?> Check(MemberContext member, CancellationToken cancellationToken);

    private static readonly (string Name, Check Run)[] Live = [("serializable_read", ReadHereAsync)];

    private static readonly (string Name, Check Run)[] Ready =
    [
        ("data_corruption", static (member, _) => Task.FromResult(member.Guard.Reason is { } reason ? $"in quarantine: {reason}" : member.Store.IsCorrupt ? "members differ, and nobody knows who is right" : member.Host.Status.IsRecovering ? "the log was damaged and is being filled by the other members" : null)),
        ("serializable_read", ReadHereAsync),
        ("linearizable_read", ReadConfirmedAsync),
        ("progress", static (member, _) => Task.FromResult(LeaderCondition.Of(member))),
        ("non_learner", static (member, _) => Task.FromResult(member.IsLearner ? "the member is a learner" : null)),
    ];

    public static void MapProbes(this IEndpointRouteBuilder routes, MemberContext member)
    {
        Map(routes, "/livez", Live, member);
        Map(routes, "/readyz", Ready, member);
    }

    private static void Map(IEndpointRouteBuilder routes, string path, (string Name, Check Run)[] checks, MemberContext member)
    {
        routes.MapGet(path, context => AnswerAsync(context, member, checks));
        foreach ((string Name, Check Run) check in checks)
        {
            routes.MapGet($"{path}/{check.Name}", context => AnswerAsync(context, member, [check]));
        }
    }

    private static async Task AnswerAsync(HttpContext context, MemberContext member, (string Name, Check Run)[] checks)
    {
        var text = new StringBuilder();
        bool passed = true;
        foreach ((string name, Check run) in checks)
        {
            if (context.Request.Query["exclude"].Contains(name))
            {
                text.Append("[+]").Append(name).Append(" excluded: ok\n");
                continue;
            }

            string? reason = await run(member, context.RequestAborted).ConfigureAwait(false);
            passed &= reason is null;
            text.Append(reason is null ? $"[+]{name} ok\n" : $"[-]{name} failed: {reason}\n");
        }

        context.Response.StatusCode = passed ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        context.Response.ContentType = "text/plain; charset=utf-8";
        context.Response.Headers.XContentTypeOptions = "nosniff";
        await context.Response.WriteAsync(
            passed && !context.Request.Query.ContainsKey("verbose") ? "ok\n" : text.Append(passed ? "ok\n" : "failed\n").ToString(),
            context.RequestAborted).ConfigureAwait(false);
    }

    private static Task<string?> ReadHereAsync(MemberContext member, CancellationToken cancellationToken)
    {
        if (member.Guard.Reason is not null)
        {
            // Neither shown nor looked at; and a restart would only begin its replacement anew.
            return Task.FromResult<string?>(null);
        }

        try
        {
            member.Store.Range(new Api.RangeRequest { Key = Google.Protobuf.ByteString.CopyFrom(0), Serializable = true, Limit = 1 }, new Api.Commands.Caller { IsMember = true });
            return Task.FromResult<string?>(null);
        }
        catch (IOException exception)
        {
            return Task.FromResult<string?>(exception.Message);
        }
    }

    private static async Task<string?> ReadConfirmedAsync(MemberContext member, CancellationToken cancellationToken)
    {
        try
        {
            await member.ConfirmReadAsync(cancellationToken).ConfigureAwait(false);
            return null;
        }
        catch (RpcException exception)
        {
            return exception.Status.Detail;
        }
    }
}
