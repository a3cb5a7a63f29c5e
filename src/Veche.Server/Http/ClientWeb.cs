using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Veche.Server.Admission;
using Veche.Server.Auth;
using Veche.Server.Gateway;
using Veche.Server.Integrity;
using Veche.Server.Membership;
using Veche.Server.Options;
using Veche.Server.Recipes;
using Veche.Server.Services;
using Veche.Server.Tls;

namespace Veche.Server.Http;

/// <summary>Where clients are listened to, what every call passes, and which service answers it.</summary>
internal static class ClientWeb
{
    /// <summary>How long requests in flight may take to end when the server stops.</summary>
    private static readonly TimeSpan DrainTime = TimeSpan.FromSeconds(3);

    /// <summary>Everything that serves clients, not started yet.</summary>
    public static WebApplication Build(ServerOptions options, MemberContext member, LeaseKeeper leases, MembershipChanges changes, AuthSetup auth, ServerLog log)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore();
        builder.WebHost.ConfigureKestrel(kestrel => Configure(kestrel, options, log));
        builder.Services.AddRoutingCore();
        builder.Services.Configure<Microsoft.Extensions.Hosting.HostOptions>(static host => host.ShutdownTimeout = DrainTime);
        builder.Services.AddSingleton(member);
        builder.Services.AddSingleton(member.Guard);
        builder.Services.AddSingleton(leases);
        builder.Services.AddSingleton(changes);
        builder.Services.AddSingleton<KeyValueService>();
        builder.Services.AddSingleton<WatchService>();
        builder.Services.AddSingleton<LeaseService>();
        var metrics = new ServerMetrics(member);
        builder.Services.AddSingleton(metrics.Calls);
        builder.Services.AddSingleton<ClusterService>();
        builder.Services.AddSingleton<MaintenanceService>();
        builder.Services.AddSingleton<MembersService>();
        builder.Services.AddSingleton<AuthService>();
        auth.Register(builder.Services);
        builder.Services.AddSingleton<Queue>();
        builder.Services.AddSingleton<LockService>();
        builder.Services.AddSingleton<ElectionService>();
        builder.Services.AddSingleton<SessionsService>();
        builder.Services.AddSingleton<OutcomesService>();
        builder.Services.AddGrpc(grpc =>
        {
            // Some room for what is around the payload, as etcd leaves; what is over its own limit gets etcd's text.
            grpc.MaxReceiveMessageSize = options.MaxRequestBytes + (512 << 10);
            grpc.MaxSendMessageSize = int.MaxValue;
            grpc.Interceptors.Add<CallCounter>();
            grpc.Interceptors.Add<QuarantineGate>();
            grpc.Interceptors.Add<AuthGate>();
            grpc.Interceptors.Add<WitnessLimits>();
            grpc.Interceptors.Add<LearnerLimits>();
        });
        WebApplication web = builder.Build();
        if (options.ListenMetricsUrls.Count > 0)
        {
            web.UseMetricsListeners();
        }

        web.Use(next => new EarlyRefusal(member, metrics.Calls, next).InvokeAsync);
        web.UseRouting();
        web.MapGrpcService<KeyValueService>();
        web.MapGrpcService<WatchService>();
        web.MapGrpcService<LeaseService>();
        web.MapGrpcService<ClusterService>();
        web.MapGrpcService<MaintenanceService>();
        web.MapGrpcService<MembersService>();
        web.MapGrpcService<AuthService>();
        web.MapGrpcService<LockService>();
        web.MapGrpcService<ElectionService>();
        web.MapGrpcService<SessionsService>();
        web.MapGrpcService<OutcomesService>();
        web.MapGrpcService<HealthService>();
        web.MapJsonGateway(options);
        web.MapHttpEndpoints(member, metrics);
        return web;
    }

    private static void Configure(KestrelServerOptions kestrel, ServerOptions options, ServerLog log)
    {
        kestrel.AddServerHeader = false;
        kestrel.AllowAlternateSchemes = true;
        kestrel.Limits.MaxRequestBodySize = null;
        kestrel.Limits.MinRequestBodyDataRate = null;
        kestrel.Limits.MinResponseDataRate = null;
        kestrel.Limits.Http2.MaxStreamsPerConnection = options.MaxConcurrentStreams;
        kestrel.Limits.Http2.InitialConnectionWindowSize = 4 << 20;
        kestrel.Limits.Http2.InitialStreamWindowSize = 1 << 20;
        TlsHandshakeCallbackOptions? tls = options.ClientTls is { } files ? TlsSetup.ForClients(files, log.CertificatesNotUsed) : null;
        foreach (var place in options.ListenClientUrls.Concat(options.ListenMetricsUrls).SelectMany(static url => Urls.ToEndpoints(url).Select(endpoint => (url, endpoint))).GroupBy(static place => place.endpoint, static place => place.url))
        {
            kestrel.Listen(place.Key, listen =>
            {
                listen.Protocols = HttpProtocols.Http1AndHttp2;
                if (!place.Any(options.ListenClientUrls.Contains))
                {
                    listen.UseOnlyMetrics();
                }

                bool secured = place.Any(static url => url.Scheme == Uri.UriSchemeHttps);
                bool plain = place.Any(static url => url.Scheme == Uri.UriSchemeHttp);
                if (secured && plain)
                {
                    listen.UseHttpsWhenAsked(tls!);
                }
                else if (secured)
                {
                    listen.UseHttps(tls!);
                }

                listen.UseHttpTwoSniffer();
                listen.UsePacedInput();
                listen.UseConnectionShares();
            });
        }
    }
}
