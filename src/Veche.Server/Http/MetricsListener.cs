using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Veche.Server.Http;

/// <summary>
/// A place for metrics is often open to more people than the clients' own, and without TLS beside clients that need certificates (kubeadm sets
/// etcd up so). Only metrics and health are served there; keys and values must not be.
/// </summary>
internal static class MetricsListener
{
    private static readonly Mark OnlyMetrics = new();

    /// <summary>Marks what comes in here.</summary>
    public static void UseOnlyMetrics(this ListenOptions listen) => listen.Use(next => connection =>
    {
        connection.Features.Set(OnlyMetrics);
        return next(connection);
    });

    /// <summary>Turns away everything but metrics and health where it was marked.</summary>
    public static void UseMetricsListeners(this IApplicationBuilder web) => web.Use(static (context, next) =>
    {
        if (context.Features.Get<Mark>() is null || IsServed(context.Request.Path))
        {
            return next(context);
        }

        context.Response.StatusCode = StatusCodes.Status404NotFound;
        return Task.CompletedTask;
    });

    private static bool IsServed(PathString path) => path.Value is "/metrics" or "/health" or "/livez" or "/readyz";

    private sealed class Mark;
}
