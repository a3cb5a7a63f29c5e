using System.Net;
using Google.Protobuf;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Veche.Api.Commands;
using Veche.Hosting;
using Veche.Server.Http;
using Veche.Server.Options;
using Veche.Server.Services;
using Veche.Store;
using Veche.Store.Leases;
using Veche.Store.Watching;

namespace Veche.Server;

/// <summary>One member as a process has it: the store, the replica, and the sockets around them.</summary>
public sealed class VecheServer : IAsyncDisposable
{
    /// <summary>How long requests in flight may take to end when the server stops.</summary>
    private static readonly TimeSpan DrainTime = TimeSpan.FromSeconds(3);

    private readonly KeyValueStore _store;
    private readonly ReplicaHost _host;
    private readonly LeaseKeeper _leases;
    private readonly MemberObserver _observer;
    private readonly WebApplication _web;
    private readonly ServerLog _log;
    private readonly CancellationTokenSource _stop = new();
    private Task _publishing = Task.CompletedTask;
    private int _stopped;

    private VecheServer(KeyValueStore store, ReplicaHost host, LeaseKeeper leases, MemberObserver observer, WebApplication web, ServerLog log)
    {
        _store = store;
        _host = host;
        _leases = leases;
        _observer = observer;
        _web = web;
        _log = log;
    }

    /// <summary>Ends with the reason when the member has stopped itself, because its disk failed or its log is damaged.</summary>
    public Task<Exception> Failure => _observer.Failure;

    /// <summary>A recent view of the member.</summary>
    public MemberStatus Status => _host.Status;

    /// <summary>Where clients are served, with the real ports when 0 was asked for.</summary>
    public IReadOnlyList<string> ClientAddresses => [.. _web.Urls];

    /// <summary>Starts a member.</summary>
    /// <exception cref="ServerStartException">It cannot start as asked; the message says why and what to do.</exception>
    public static async Task<VecheServer> StartAsync(ServerOptions options, ILoggerFactory loggers, CancellationToken cancellationToken = default)
    {
        var log = new ServerLog(loggers.CreateLogger("veche"));
        ClusterIdentity identity;
        KeyValueStore store;
        try
        {
            identity = ClusterIdentity.Of(options);
            log.Starting(options.Name, identity.Self.ToString(), identity.ClusterId.ToString("x", System.Globalization.CultureInfo.InvariantCulture), options.Memory ? "memory" : options.DataDirectory);
            if (options.Ignored.Count > 0)
            {
                log.Ignored(string.Join(", ", options.Ignored));
            }

            store = KeyValueStore.Open(new StoreOptions { DataDirectory = options.Memory ? null : Path.Combine(options.DataDirectory, "store") });
        }
        catch (Exception exception) when (exception is OptionException or IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw new ServerStartException(exception.Message, exception);
        }

        try
        {
            return await StartAsync(options, identity, store, log, loggers, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            store.Dispose();
            throw;
        }
    }

    /// <summary>Stops: hands leadership over, lets requests in flight end, closes everything.</summary>
    public async Task StopAsync(CancellationToken cancellationToken = default)
    {
        if (Interlocked.Exchange(ref _stopped, 1) != 0)
        {
            return;
        }

        _log.Stopping();
        await _stop.CancelAsync().ConfigureAwait(false);
        await _publishing.ConfigureAwait(false);
        await _leases.DisposeAsync().ConfigureAwait(false);

        // Leadership first, while clients are still served: their next requests find the new leader.
        await _host.HandOverAsync(cancellationToken).ConfigureAwait(false);
        await _web.StopAsync(cancellationToken).ConfigureAwait(false);
        await _web.DisposeAsync().ConfigureAwait(false);
        await _host.DisposeAsync().ConfigureAwait(false);
        _store.Dispose();
        _stop.Dispose();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await StopAsync().ConfigureAwait(false);

    private static async Task<VecheServer> StartAsync(ServerOptions options, ClusterIdentity identity, KeyValueStore store, ServerLog log, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        var watches = new WatchHub(store);
        var lessor = new Lessor();
        store.EventSink = watches;
        store.LeaseObserver = lessor;
        var member = new MemberContext(options, identity, store, watches, lessor);
        var leases = new LeaseKeeper(member);
        var observer = new MemberObserver(lessor, options.ElectionTimeoutMs);
        ReplicaHost host;
        try
        {
            host = ReplicaHost.Start(HostOptions(options, identity), store, leases, observer, loggers.CreateLogger("veche"));
        }
        catch (Exception exception) when (exception is HostStartException or OptionException)
        {
            throw new ServerStartException(exception.Message, exception);
        }

        member.Host = host;
        member.Metrics = host.Metrics;
        WebApplication web;
        try
        {
            web = Build(options, member, leases);
            await web.StartAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is IOException or System.Net.Sockets.SocketException or OptionException or ServerStartException)
        {
            await host.DisposeAsync().ConfigureAwait(false);
            throw exception is ServerStartException
                ? exception
                : new ServerStartException(
                    exception.InnerException is AddressInUseException or null && exception is not OptionException
                        ? $"cannot listen for clients on {string.Join(", ", options.ListenClientUrls.Concat(options.ListenMetricsUrls).Select(Urls.Plain))}: {exception.Message.TrimEnd('.')}. Is another server running there? Choose another --listen-client-urls."
                        : exception.Message,
                    exception);
        }

        var server = new VecheServer(store, host, leases, observer, web, log);
        leases.Start();
        server._publishing = Task.Run(() => server.PublishAsync(member), CancellationToken.None);
        return server;
    }

    private static ReplicaHostOptions HostOptions(ServerOptions options, ClusterIdentity identity) => new()
    {
        Id = identity.Self,
        ClusterId = identity.ClusterId,
        DataDirectory = options.Memory ? null : Path.Combine(options.DataDirectory, "log"),
        InitialMembers = identity.Members.ToDictionary(static founder => founder.Id, static founder => new DnsEndPoint(founder.PeerUrls[0].IdnHost.Trim('[', ']'), founder.PeerUrls[0].Port)),
        Join = options.JoinExisting,
        Listen = [.. options.ListenPeerUrls.SelectMany(Urls.ToEndpoints)],
        ElectionTimeoutMs = options.ElectionTimeoutMs,
        HeartbeatIntervalMs = options.HeartbeatIntervalMs,
        RequestTimeoutMs = 5000 + (2 * options.ElectionTimeoutMs),
        MaxCommandBytes = options.MaxRequestBytes + (64 << 10),
        LogSegmentBytes = options.Memory ? 4 << 20 : 64 << 20,
        SnapshotEntries = options.SnapshotCount,
        Tls = options.PeerTls is { } tls ? TlsSetup.ForPeers(tls) : null,
    };

    private static WebApplication Build(ServerOptions options, MemberContext member, LeaseKeeper leases)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore();
        builder.WebHost.ConfigureKestrel(kestrel => Configure(kestrel, options));
        builder.Services.AddRoutingCore();
        builder.Services.Configure<Microsoft.Extensions.Hosting.HostOptions>(static host => host.ShutdownTimeout = DrainTime);
        builder.Services.AddSingleton(member);
        builder.Services.AddSingleton(leases);
        builder.Services.AddSingleton<KeyValueService>();
        builder.Services.AddSingleton<WatchService>();
        builder.Services.AddSingleton<LeaseService>();
        builder.Services.AddSingleton<ClusterService>();
        builder.Services.AddSingleton<MaintenanceService>();
        builder.Services.AddGrpc(grpc =>
        {
            // Some room for what is around the payload, as etcd leaves; what is over its own limit gets etcd's text.
            grpc.MaxReceiveMessageSize = options.MaxRequestBytes + (512 << 10);
            grpc.MaxSendMessageSize = int.MaxValue;
        });
        WebApplication web = builder.Build();
        web.UseRouting();
        web.MapGrpcService<KeyValueService>();
        web.MapGrpcService<WatchService>();
        web.MapGrpcService<LeaseService>();
        web.MapGrpcService<ClusterService>();
        web.MapGrpcService<MaintenanceService>();
        web.MapHttpEndpoints(member, new ServerMetrics(member));
        return web;
    }

    private static void Configure(KestrelServerOptions kestrel, ServerOptions options)
    {
        kestrel.AddServerHeader = false;
        kestrel.AllowAlternateSchemes = true;
        kestrel.Limits.MaxRequestBodySize = null;
        kestrel.Limits.MinRequestBodyDataRate = null;
        kestrel.Limits.MinResponseDataRate = null;
        kestrel.Limits.Http2.MaxStreamsPerConnection = options.MaxConcurrentStreams;
        kestrel.Limits.Http2.InitialConnectionWindowSize = 4 << 20;
        kestrel.Limits.Http2.InitialStreamWindowSize = 1 << 20;
        foreach (Uri url in options.ListenClientUrls.Concat(options.ListenMetricsUrls).Distinct())
        {
            foreach (IPEndPoint endpoint in Urls.ToEndpoints(url))
            {
                kestrel.Listen(endpoint, listen =>
                {
                    listen.Protocols = HttpProtocols.Http1AndHttp2;
                    if (url.Scheme == Uri.UriSchemeHttps)
                    {
                        listen.UseHttps(TlsSetup.ForClients(options.ClientTls!));
                    }
                    else
                    {
                        listen.UseHttpTwoSniffer();
                    }
                });
            }
        }
    }

    /// <summary>Tells the cluster this member's name and addresses, and the log that it is ready.</summary>
    private async Task PublishAsync(MemberContext member)
    {
        ServerOptions options = member.Options;
        var attributes = new MemberAttributes { Id = member.Identity.Self.Value, Name = options.Name };
        attributes.PeerUrls.AddRange(options.AdvertisePeerUrls.Select(Urls.Plain));
        attributes.ClientUrls.AddRange(options.AdvertiseClientUrls.Select(Urls.Plain));
        byte[] command = new Command { Member = attributes }.ToByteArray();
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                if (!IsKnown(member, attributes))
                {
                    await _host.ProposeAsync(command, _stop.Token).ConfigureAwait(false);
                }
                else
                {
                    await _host.ReadBarrierAsync(_stop.Token).ConfigureAwait(false);
                }

                break;
            }
            catch (Exception exception) when (exception is RefusedException or OutcomeUnknownException)
            {
                // No leader yet; the host has waited already. Saying it twice changes nothing.
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }

        if (!_stop.IsCancellationRequested)
        {
            _log.Published(options.Name, string.Join(',', attributes.ClientUrls));
            _log.Capabilities("3.4");
            _log.Ready(string.Join(',', options.ListenClientUrls.Select(Urls.Plain)));
        }
    }

    private static bool IsKnown(MemberContext member, MemberAttributes attributes) => member.Store.Members.Any(attributes.Equals);
}
