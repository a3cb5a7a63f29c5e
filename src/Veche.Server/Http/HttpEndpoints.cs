using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Grpc.Core;

namespace Veche.Server.Http;

/// <summary>What is served over plain HTTP beside gRPC.</summary>
internal static class HttpEndpoints
{
    public static void MapHttpEndpoints(this IEndpointRouteBuilder routes, MemberContext member, ServerMetrics metrics)
    {
        routes.MapGet("/version", context => WriteJsonAsync(context, StatusCodes.Status200OK, $$"""{"etcdserver":"{{EtcdVersion.Server}}","etcdcluster":"{{EtcdVersion.Cluster}}"}"""));
        routes.MapGet("/health", context => HealthAsync(context, member));
        routes.MapGet("/livez", context => ProbeAsync(context, member, needsLeader: false));
        routes.MapGet("/readyz", context => ProbeAsync(context, member, needsLeader: true));
        routes.MapGet("/metrics", context => metrics.WriteAsync(context));
    }

    private static async Task HealthAsync(HttpContext context, MemberContext member)
    {
        string? reason = await WhyUnhealthyAsync(context, member, context.Request.Query["serializable"] != "true").ConfigureAwait(false);
        await (reason is null
            ? WriteJsonAsync(context, StatusCodes.Status200OK, """{"health":"true"}""")
            : WriteJsonAsync(context, StatusCodes.Status503ServiceUnavailable, $$"""{"health":"false","reason":"{{reason}}"}""")).ConfigureAwait(false);
    }

    private static async Task ProbeAsync(HttpContext context, MemberContext member, bool needsLeader)
    {
        string? reason = await WhyUnhealthyAsync(context, member, needsLeader).ConfigureAwait(false);
        string name = needsLeader ? "linearizable_read" : "serializable_read";
        context.Response.StatusCode = reason is null ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        context.Response.ContentType = "text/plain; charset=utf-8";
        await context.Response.WriteAsync(reason is null ? (context.Request.Query.ContainsKey("verbose") ? $"[+]{name} ok\nok\n" : "ok\n") : $"[-]{name} failed: {reason}\n").ConfigureAwait(false);
    }

    private static async Task<string?> WhyUnhealthyAsync(HttpContext context, MemberContext member, bool needsLeader)
    {
        if (!needsLeader)
        {
            return null;
        }

        if (member.Host.Status.Leader.IsNone)
        {
            return "RAFT NO LEADER";
        }

        try
        {
            await member.ConfirmReadAsync(context.RequestAborted).ConfigureAwait(false);
            return null;
        }
        catch (RpcException exception)
        {
            return "RANGE ERROR:" + exception.Status.Detail;
        }
    }

    private static Task WriteJsonAsync(HttpContext context, int status, string json)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(json);
    }
}
