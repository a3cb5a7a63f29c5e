using System.Net;
using Google.Protobuf;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;
using Veche.Api.Commands;
using Veche.Hosting;
using Veche.Raft;
using Veche.Replica;
using Veche.Server.Audit;
using Veche.Server.Auth;
using Veche.Server.Canaries;
using Veche.Server.Http;
using Veche.Server.Integrity;
using Veche.Server.Membership;
using Veche.Server.Options;
using Veche.Server.Semantics;
using Veche.Server.Tls;
using Veche.Store;
using Veche.Store.Leases;
using Veche.Store.Watching;

namespace Veche.Server;

/// <summary>One member as a process has it: the store, the replica, and the sockets around them.</summary>
public sealed class VecheServer : IAsyncDisposable
{
    /// <summary>How long connections stay open after their streams were ended when the server stops.</summary>
    private static readonly TimeSpan Linger = TimeSpan.FromMilliseconds(100);

    private readonly KeyValueStore _store;
    private readonly ReplicaHost _host;
    private readonly LeaseKeeper _leases;
    private readonly MembershipChanges _changes;
    private readonly MemberObserver _observer;
    private readonly WebApplication _web;
    private readonly ServerLog _log;
    private readonly CancellationTokenSource _stop;
    private readonly AutoCompactor _compactor;
    private readonly StoreFlusher _flusher;
    private readonly RoundTrips _roundTrips;
    private readonly StateGuard _guard;
    private readonly AuditWriter? _audit;
    private readonly CanaryWriter _canaries;
    private Task _publishing = Task.CompletedTask;
    private int _stopped;

    private VecheServer(KeyValueStore store, ReplicaHost host, LeaseKeeper leases, MembershipChanges changes, MemberObserver observer, WebApplication web, AutoCompactor compactor, RoundTrips roundTrips, StateGuard guard, AuditWriter? audit, CanaryWriter canaries, ServerLog log, CancellationTokenSource stop)
    {
        _store = store;
        _host = host;
        _leases = leases;
        _changes = changes;
        _observer = observer;
        _web = web;
        _compactor = compactor;
        _flusher = new StoreFlusher(store, log);
        _roundTrips = roundTrips;
        _guard = guard;
        _audit = audit;
        _canaries = canaries;
        _log = log;
        _stop = stop;
    }

    /// <summary>The version of etcd whose interface is spoken.</summary>
    public static string EtcdInterfaceVersion => EtcdVersion.Server;

    /// <summary>Ends with the reason when the member has stopped itself, because its disk failed or its log is damaged.</summary>
    public Task<Exception> Failure => _observer.Failure;

    /// <summary>What writes canaries.</summary>
    internal CanaryWriter Canaries => _canaries;

    /// <summary>Who this member is.</summary>
    public MemberId MemberId => _host.Id;

    /// <summary>True once the cluster knows this member's name and addresses.</summary>
    public bool IsPublished => _publishing.IsCompletedSuccessfully;

    /// <summary>Ends once the cluster knows this member's name, addresses and zone.</summary>
    public Task Published => _publishing;

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
            options = SelfSigned.With(options);
            identity = await IdentifyAsync(options, log, cancellationToken).ConfigureAwait(false);
            RequireKind(options, identity);
            log.Starting(options.Name, identity.Self.ToString(), identity.ClusterId.ToString("x", System.Globalization.CultureInfo.InvariantCulture), options.Memory ? "memory" : options.DataDirectory);
            if (options.Ignored.Count > 0)
            {
                log.Ignored(string.Join(", ", options.Ignored));
            }

            StateRepair.Resume(options, identity);
            store = OpenStore(options, identity, log);
        }
        catch (Exception exception) when (exception is OptionException or IOException or UnauthorizedAccessException or InvalidDataException or HostStartException)
        {
            throw new ServerStartException(exception.Message, exception);
        }

        try
        {
            return await StartAsync(options, identity, store, log, loggers, cancellationToken).ConfigureAwait(false);
        }
        catch (ServerStartException damage) when (StateRepair.IsFor(damage, options, identity, store))
        {
            store.Dispose();
            try
            {
                StateRepair.Begin(damage, options, identity, log);
                store = OpenStore(options, identity, log);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or HostStartException)
            {
                throw new ServerStartException($"{damage.Message} It cannot be repaired from the other members: {exception.Message}", exception);
            }
        }
        catch
        {
            store.Dispose();
            throw;
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

    /// <summary>A witness keeps who the members are, which is little: in memory, from the log and snapshots of it.</summary>
    private static KeyValueStore OpenStore(ServerOptions options, ClusterIdentity identity, ServerLog log)
    {
        var store = new StoreOptions { DataDirectory = options.Memory || identity.IsWitness ? null : Path.Combine(options.DataDirectory, "store") };
        try
        {
            return KeyValueStore.Open(store);
        }
        catch (StateDamagedException exception) when (!options.ForceNewCluster)
        {
            // Whether there is anybody to take another state from is known once the log is open.
            log.StorePutAside(exception.Message, KeyValueStore.PutAside(store));
            return KeyValueStore.Open(store);
        }
    }

    /// <summary>A member that has data is who it was; it only has to be meant.</summary>
    private static void RequireKind(ServerOptions options, ClusterIdentity identity)
    {
        if (options.Witness != identity.IsWitness)
        {
            throw new ServerStartException(options.Witness
                ? $"{options.DataDirectory} belongs to a member with data; start it without --witness, or remove the member, add it as a witness, and give it an empty directory"
                : $"{options.DataDirectory} belongs to a witness; start it with --witness, or remove the member, add it anew, and give it an empty directory");
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
        await _canaries.DisposeAsync().ConfigureAwait(false);
        await _guard.DisposeAsync().ConfigureAwait(false);
        await _publishing.ConfigureAwait(false);
        await _compactor.DisposeAsync().ConfigureAwait(false);
        await _flusher.DisposeAsync().ConfigureAwait(false);
        await _roundTrips.DisposeAsync().ConfigureAwait(false);
        await _leases.DisposeAsync().ConfigureAwait(false);
        await _changes.DisposeAsync().ConfigureAwait(false);

        // Leadership first, while clients are still served: their next requests find the new leader.
        await _host.HandOverAsync(cancellationToken).ConfigureAwait(false);
        // A client that has not read yet how its stream ended would only see its connection close.
        await Task.Delay(Linger, CancellationToken.None).ConfigureAwait(false);
        await _web.StopAsync(cancellationToken).ConfigureAwait(false);
        await _web.DisposeAsync().ConfigureAwait(false);
        await EndAsync(_audit).ConfigureAwait(false);
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
        var stop = new CancellationTokenSource();
        var member = new MemberContext(options, identity, store, watches, lessor);
        var guard = new StateGuard(member, log, stop);
        member.Guard = guard;
        guard.Attach(store);
        store.Reclaimed = member.Reclaims.Reached;
        store.Advanced = member.Reads.Advanced;
        var leases = new LeaseKeeper(member);
        var changes = new MembershipChanges(member);
        var follower = new MembershipFollower(member);
        store.MembersChanged = follower.Look;
        var observer = new MemberObserver(lessor, guard, options.ElectionTimeoutMs);
        AuthSetup auth;
        ReplicaHost host;
        AuditWriter? audit = AuditWriter.Of(member, log);
        try
        {
            auth = new AuthSetup(member, log);
            host = ReplicaHost.Start(HostOptions(options, identity, log, follower) with { LogIsRead = audit is not null, StateIsLost = store.AwaitsState, Rollbacks = identity.IsWitness ? null : new RollbackFiles(options.Memory ? null : Path.Combine(options.DataDirectory, RollbackFiles.DirectoryName), store, member.Writes.Metrics, log, TimeProvider.System) }, store, new PeerCalls(leases, changes, guard), observer, loggers.CreateLogger("veche"));
        }
        catch (Exception exception) when (exception is HostStartException or OptionException)
        {
            await EndAsync(audit).ConfigureAwait(false);
            throw new ServerStartException(exception.Message, exception);
        }

        try
        {
            audit?.Start(host);
        }
        catch (ServerStartException)
        {
            await EndAsync(audit).ConfigureAwait(false);
            await host.DisposeAsync().ConfigureAwait(false);
            throw;
        }

        member.Audit = audit;
        member.Canaries = new CanaryWriter(member, log, TimeProvider.System);
        auth.Begin(host.Status.LastIndex);
        member.Host = host;
        member.Metrics = host.Metrics;
        await DistrustIfDueAsync(store, host, guard, identity).ConfigureAwait(false);
        follower.Begin(host);
        WebApplication web;
        try
        {
            web = ClientWeb.Build(options, member, leases, changes, auth, log);
            await web.StartAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is IOException or System.Net.Sockets.SocketException or OptionException or ServerStartException)
        {
            await EndAsync(audit).ConfigureAwait(false);
            await host.DisposeAsync().ConfigureAwait(false);
            throw exception is ServerStartException
                ? exception
                : new ServerStartException(
                    exception.InnerException is AddressInUseException or null && exception is not OptionException
                        ? $"cannot listen for clients on {string.Join(", ", options.ListenClientUrls.Concat(options.ListenMetricsUrls).Select(Urls.Plain))}: {exception.Message.TrimEnd('.')}. Is another server running there? Choose another --listen-client-urls."
                        : exception.Message,
                    exception);
        }

        var server = new VecheServer(store, host, leases, changes, observer, web, new AutoCompactor(member, log), new RoundTrips(member), guard, audit, member.Canaries, log, stop);
        changes.Start();
        leases.Start();
        guard.Start();
        server._compactor.Start();
        server._flusher.Start();
        server._roundTrips.Start();
        server._canaries.Start();
        server._publishing = Task.Run(() => server.PublishAsync(member), CancellationToken.None);
        return server;
    }

    private static ValueTask EndAsync(AuditWriter? audit) => audit?.DisposeAsync() ?? ValueTask.CompletedTask;

    /// <summary>A state that was damaged before the start, or replaced and not verified yet, is not served.</summary>
    private static async ValueTask DistrustIfDueAsync(KeyValueStore store, ReplicaHost host, StateGuard guard, ClusterIdentity identity)
    {
        if (store.AwaitsState)
        {
            if (host.Status.Configuration.AllMembers.All(member => member == identity.Self))
            {
                await host.DisposeAsync().ConfigureAwait(false);
                throw new ServerStartException("the store is damaged, and there is no other member to take the data from. Restore a backup (veche snapshot restore); what was damaged is kept as damaged-store-* in the store's directory.");
            }

            guard.Found("the store's files were damaged when the member was started");
        }
        else if (store.IsQuarantined(identity.Self.Value))
        {
            const string Reason = "the state was replaced before the restart, and is still to be compared";
            guard.Found(Reason, isReplaced: true);
            host.Distrust(Reason, isReplaced: true);
        }
        else if (guard.Reason is { } early)
        {
            // Found while there was no host yet to be told.
            host.Distrust(early);
        }
    }

    /// <summary>Who this member is: what its data says, else what the running cluster says, else what the flags say.</summary>
    private static async Task<ClusterIdentity> IdentifyAsync(ServerOptions options, ServerLog log, CancellationToken cancellationToken)
    {
        if (!options.Memory && MemberIdentityFile.Read(options.DataDirectory) is { } known)
        {
            return known;
        }

        bool hasData = !options.Memory && Directory.Exists(Path.Combine(options.DataDirectory, "log"));
        ClusterIdentity identity = options.JoinExisting && !hasData
            ? await Joining.AskAsync(options, options.PeerTls is { } tls ? TlsSetup.ForPeers(tls, log.CertificatesNotUsed) : null, cancellationToken).ConfigureAwait(false)
            : ClusterIdentity.Of(options);
        if (!options.Memory && !hasData)
        {
            // Data without this file is older than it, and says itself whose it is: flags that are wrong once must not become its identity.
            MemberIdentityFile.Write(options.DataDirectory, identity);
        }

        return identity;
    }

    private static ReplicaHostOptions HostOptions(ServerOptions options, ClusterIdentity identity, ServerLog log, MembershipFollower follower) => new()
    {
        Id = identity.Self,
        ClusterId = identity.ClusterId,
        DataDirectory = options.Memory ? null : Path.Combine(options.DataDirectory, "log"),
        InitialMembers = identity.Members.ToDictionary(static founder => founder.Id, static founder => new DnsEndPoint(founder.PeerUrls[0].IdnHost.Trim('[', ']'), founder.PeerUrls[0].Port)),
        Join = options.JoinExisting,
        InitialQuorums = options.InitialQuorums,
        InitialWitnesses = [.. identity.Members.Where(static founder => founder.IsWitness).Select(static founder => founder.Id)],
        IsWitness = identity.IsWitness,
        Judge = follower.Judge,
        Describe = follower.Describe,
        ForceNewCluster = options.ForceNewCluster,
        ForceNewClusterContext = OnlyMember(identity).ToByteArray(),
        Listen = [.. options.ListenPeerUrls.SelectMany(Urls.ToEndpoints)],
        ElectionTimeoutMs = options.ElectionTimeoutMs,
        HeartbeatIntervalMs = options.HeartbeatIntervalMs,
        LeaderStallMs = options.LeaderStallMs,
        RequestTimeoutMs = options.RequestTimeoutMs,
        LeaseClockDriftBoundMs = options.LeaseClockDriftMs,
        MaxCommandBytes = options.MaxRequestBytes + (64 << 10),
        LogSegmentBytes = options.Memory ? 4 << 20 : 64 << 20,
        SnapshotEntries = options.SnapshotCount,
        EntryCacheBytes = 4 << 20,
        Tls = options.PeerTls is { } tls ? TlsSetup.ForPeers(tls, log.CertificatesNotUsed) : null,
    };

    /// <summary>This member and nobody else. Founders are named, because one that had not told its name and addresses yet is not known as a member.</summary>
    private static MembershipChange OnlyMember(ClusterIdentity identity)
    {
        var change = new MembershipChange { Only = identity.Self.Value };
        change.Removed.AddRange(identity.Members.Where(founder => founder.Id != identity.Self).Select(static founder => founder.Id.Value));
        return change;
    }

    /// <summary>Tells the cluster this member's name and addresses, and the log that it is ready.</summary>
    private async Task PublishAsync(MemberContext member)
    {
        ServerOptions options = member.Options;
        var attributes = new MemberAttributes { Id = member.Identity.Self.Value, Name = options.Name, Incarnation = _host.Incarnation, Zone = options.Zone };
        attributes.ClientUrls.AddRange(options.AdvertiseClientUrls.Select(Urls.Plain));
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                // First: then the log has something in it, and one that is empty later was lost.
                await _host.ReadBarrierAsync(_stop.Token).ConfigureAwait(false);
                MemberAttributes? known = Known(member);
                if (known is null || !Says(known, attributes))
                {
                    if (known is null || known.PeerUrls.Count == 0)
                    {
                        attributes.PeerUrls.AddRange(options.AdvertisePeerUrls.Select(Urls.Plain));
                    }

                    object? result = await _host.ProposeAsync(new Command { Member = attributes }.ToBuffer(), _stop.Token).ConfigureAwait(false);
                    if (result is StoreError refused)
                    {
                        _host.Expel(refused == StoreErrors.MemberNotFound ? PeerVerdict.Removed : PeerVerdict.LostItsDisk);
                        return;
                    }
                }

                _host.MarkEstablished();
                break;
            }
            catch (Exception exception) when (exception is RefusedException or OutcomeUnknownException)
            {
                // No leader yet; the host has waited already. Saying it twice changes nothing.
                attributes.PeerUrls.Clear();
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

    private static MemberAttributes? Known(MemberContext member) => member.Store.Members.FirstOrDefault(known => known.Id == member.Identity.Self.Value);

    private static bool Says(MemberAttributes known, MemberAttributes attributes) =>
        known.Name == attributes.Name && (attributes.Zone.Length == 0 || known.Zone == attributes.Zone) && known.Incarnation == attributes.Incarnation && known.PeerUrls.Count > 0 && known.ClientUrls.SequenceEqual(attributes.ClientUrls);
}
