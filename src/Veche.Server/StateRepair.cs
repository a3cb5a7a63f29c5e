using System.Net;
using Veche.Hosting;
using Veche.Log;
using Veche.Server.Options;
using Veche.Store;

namespace Veche.Server;

/// <summary>A member whose log is damaged puts log and state aside and takes both anew from the others, if there are enough of them.</summary>
internal static class StateRepair
{
    /// <summary>With fewer, the others could elect nobody while this member keeps out of elections.</summary>
    private const int FewestMembers = 3;

    /// <summary>True when a start failed because of damage that the others can make good. A witness keeps its members in files beside its log, which are not read then; it goes by what it was told when it joined.</summary>
    public static bool IsFor(ServerStartException failure, ServerOptions options, ClusterIdentity identity, KeyValueStore store) =>
        failure.InnerException is HostStartException { InnerException: LogDamagedException } && !options.ForceNewCluster && Math.Max(store.Members.Count, identity.IsWitness ? identity.Members.Count : 0) >= FewestMembers;

    /// <summary>Begins a repair; the store must be closed.</summary>
    public static void Begin(ServerStartException failure, ServerOptions options, ClusterIdentity identity, ServerLog log)
    {
        ReplicaHostOptions host = HostOptions(options, identity);
        long term = DamagedLogRepair.Begin(host);
        log.RepairBegun(failure.InnerException?.InnerException is LogDamagedException damage ? damage.Finding : failure.Message, term);
        PutStateAside(options, host);
    }

    /// <summary>Goes on with a repair that a crash has interrupted, before the store is opened.</summary>
    public static void Resume(ServerOptions options, ClusterIdentity identity)
    {
        if (options.Memory)
        {
            return;
        }

        ReplicaHostOptions host = HostOptions(options, identity);
        if (DamagedLogRepair.AwaitsEmptyState(host))
        {
            DamagedLogRepair.Begin(host);
            PutStateAside(options, host);
        }
    }

    private static void PutStateAside(ServerOptions options, ReplicaHostOptions host)
    {
        string store = Path.Combine(options.DataDirectory, "store");
        string aside = Path.Combine(options.DataDirectory, "damaged-store");
        if (Directory.Exists(store))
        {
            if (Directory.Exists(aside))
            {
                Directory.Delete(aside, recursive: true);
            }

            Directory.Move(store, aside);
        }

        DamagedLogRepair.StateIsEmpty(host);
    }

    private static ReplicaHostOptions HostOptions(ServerOptions options, ClusterIdentity identity) => new()
    {
        Id = identity.Self,
        ClusterId = identity.ClusterId,
        DataDirectory = Path.Combine(options.DataDirectory, "log"),
        InitialMembers = identity.Members.ToDictionary(static founder => founder.Id, static founder => new DnsEndPoint(founder.PeerUrls[0].IdnHost.Trim('[', ']'), founder.PeerUrls[0].Port)),
        InitialQuorums = options.InitialQuorums,
        InitialWitnesses = [.. identity.Members.Where(static founder => founder.IsWitness).Select(static founder => founder.Id)],
        IsWitness = identity.IsWitness,
        Join = options.JoinExisting,
        Listen = [],
    };
}
