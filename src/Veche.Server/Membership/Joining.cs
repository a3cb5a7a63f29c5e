using System.Net;
using Google.Protobuf;
using Veche.Api;
using Veche.Api.Membership;
using Veche.Hosting;
using Veche.Raft;
using Veche.Server.Options;

namespace Veche.Server.Membership;

/// <summary>How a member that joins a running cluster learns who it is: from those that run, which had to be told of it before (<c>etcdctl member add</c>).</summary>
internal static class Joining
{
    private static readonly TimeSpan AskFor = TimeSpan.FromSeconds(15);

    /// <exception cref="ServerStartException">Nobody answers, or they do not know this member.</exception>
    public static async Task<ClusterIdentity> AskAsync(ServerOptions options, PeerTls? tls, CancellationToken cancellationToken)
    {
        List<string> own = [.. options.InitialCluster.Where(listed => listed.Name == options.Name).Select(static listed => Urls.Plain(listed.PeerUrl)).Order(StringComparer.Ordinal)];
        List<Uri> others = [.. options.InitialCluster.Where(listed => listed.Name != options.Name).Select(static listed => listed.PeerUrl)];
        if (others.Count == 0)
        {
            throw new ServerStartException("--initial-cluster-state existing needs the running members in --initial-cluster, as 'etcdctl member add' prints them");
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(AskFor);
        string trouble = "nobody answered";
        while (true)
        {
            foreach (Uri url in others)
            {
                try
                {
                    ReadOnlyMemory<byte> answer = await ClusterQuery.DescribeAsync(new DnsEndPoint(url.IdnHost.Trim('[', ']'), url.Port), tls, limit.Token).ConfigureAwait(false);
                    return Find(ClusterDescription.Parser.ParseFrom(answer.Span), own, options);
                }
                catch (Exception exception) when (exception is IOException or InvalidProtocolBufferException)
                {
                    trouble = exception.Message;
                }
                catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
                {
                    throw new ServerStartException($"cannot fetch cluster info from peer urls: could not retrieve cluster information from the given URLs ({string.Join(", ", others.Select(Urls.Plain))}): {trouble}");
                }
            }

            try
            {
                await Task.Delay(200, limit.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                throw new ServerStartException($"cannot fetch cluster info from peer urls: could not retrieve cluster information from the given URLs ({string.Join(", ", others.Select(Urls.Plain))}): {trouble}");
            }
        }
    }

    private static ClusterIdentity Find(ClusterDescription cluster, List<string> own, ServerOptions options)
    {
        Member? self = cluster.Members.FirstOrDefault(known => known.PeerURLs.Order(StringComparer.Ordinal).SequenceEqual(own));
        if (self is null)
        {
            throw new ServerStartException($"the cluster has no member with the peer URLs {string.Join(',', own)}; add it first: etcdctl member add {options.Name} --peer-urls={string.Join(',', own)}");
        }

        if (cluster.Witnesses.Contains(self.ID) != options.Witness)
        {
            throw new ServerStartException(options.Witness
                ? $"the cluster has added {options.Name} as a member with data; start it without --witness, or remove it and add it as a witness: veche member add {options.Name} --witness --peer-urls={string.Join(',', own)}"
                : $"the cluster has added {options.Name} as a witness; start it with --witness, or remove it and add it as a member with data");
        }

        int listed = options.InitialCluster.Select(static entry => entry.Name).Distinct(StringComparer.Ordinal).Count();
        return listed != cluster.Members.Count
            ? throw new ServerStartException($"error validating peerURLs: member count is unequal: --initial-cluster names {listed} members, the cluster has {cluster.Members.Count}")
            : new ClusterIdentity(
                cluster.ClusterId,
                new MemberId(self.ID),
                [.. cluster.Members.Select(known => new ClusterIdentity.Founder(new MemberId(known.ID), known.ID == self.ID ? options.Name : known.Name, [.. known.PeerURLs.Select(static url => new Uri(url))], cluster.Witnesses.Contains(known.ID)))]);
    }
}
