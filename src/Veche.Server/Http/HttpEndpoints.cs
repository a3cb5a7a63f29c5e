using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Grpc.Core;
using Veche.Server.Membership;

namespace Veche.Server.Http;

/// <summary>What is served over plain HTTP beside gRPC.</summary>
internal static class HttpEndpoints
{
    public static void MapHttpEndpoints(this IEndpointRouteBuilder routes, MemberContext member, ServerMetrics metrics)
    {
        routes.MapGet("/version", context => WriteJsonAsync(context, StatusCodes.Status200OK, $$"""{"etcdserver":"{{EtcdVersion.Server}}","etcdcluster":"{{EtcdVersion.Cluster}}"}"""));
        routes.MapGet("/health", context => HealthAsync(context, member));
        routes.MapProbes(member);
        routes.MapGet("/metrics", context => metrics.WriteAsync(context));
    }

    private static async Task HealthAsync(HttpContext context, MemberContext member)
    {
        // The body is that of etcd 3.4, to the letter: scripts compare it. People find the reason beside it.
        string? reason = member.Guard.Reason is { } quarantine ? "QUARANTINE: " + quarantine : WhichAlarm(context, member) ?? await WhyUnhealthyAsync(context, member, context.Request.Query["serializable"] != "true").ConfigureAwait(false);
        (reason is null ? member.Meters.HealthSuccess : member.Meters.HealthFailures).Inc();
        if (reason is not null)
        {
            context.Response.Headers["X-Veche-Reason"] = reason.ReplaceLineEndings(" ");
        }

        await (reason is null
            ? WriteJsonAsync(context, StatusCodes.Status200OK, """{"health":"true"}""")
            : WriteJsonAsync(context, StatusCodes.Status503ServiceUnavailable, """{"health":"false"}""")).ConfigureAwait(false);
    }

    private static string? WhichAlarm(HttpContext context, MemberContext member)
    {
        foreach (Api.AlarmMember alarm in member.Store.Alarms)
        {
            string name = alarm.Alarm.ToString().ToUpperInvariant();
            bool isOfAnother = alarm.Alarm == Api.AlarmType.Corrupt && alarm.MemberID != member.Identity.Self.Value && member.Store.IsQuarantined(alarm.MemberID);
            if (!isOfAnother && !context.Request.Query["exclude"].Contains(name))
            {
                return "ALARM " + name;
            }
        }

        return null;
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

        if (LeaderCondition.Of(member) is { } condition)
        {
            // A read needs no more than heartbeats, and those wait for no disk.
            return condition;
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
