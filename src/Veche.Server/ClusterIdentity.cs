using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using Veche.Raft;
using Veche.Server.Options;

namespace Veche.Server;

/// <summary>Who the founding members are. Ids are made from peer URLs and token the way etcd makes them, so every member comes to the same ones, and to etcd's.</summary>
/// <param name="ClusterId">Id of the cluster.</param>
/// <param name="Self">Id of this member.</param>
/// <param name="Members">The founding members.</param>
public sealed record ClusterIdentity(ulong ClusterId, MemberId Self, IReadOnlyList<ClusterIdentity.Founder> Members)
{
    /// <summary>A founding member.</summary>
    /// <param name="Id">Its id.</param>
    /// <param name="Name">Its name.</param>
    /// <param name="PeerUrls">Where the others reach it.</param>
    /// <param name="IsWitness">It votes, and holds no data.</param>
    public sealed record Founder(MemberId Id, string Name, IReadOnlyList<Uri> PeerUrls, bool IsWitness = false);

    /// <summary>This member votes, and holds no data.</summary>
    public bool IsWitness => Members.Any(member => member.Id == Self && member.IsWitness);

    /// <summary>Derives the ids.</summary>
    /// <exception cref="OptionException">Two members would have the same id.</exception>
    public static ClusterIdentity Of(ServerOptions options)
    {
        List<Founder> members = [.. options.InitialCluster
            .GroupBy(static member => member.Name, StringComparer.Ordinal)
            .Select(group => new Founder(MemberIdOf(group.Select(static member => member.PeerUrl), options.InitialClusterToken), group.Key, [.. group.Select(static member => member.PeerUrl)], options.InitialWitnesses.Contains(group.Key)))
            .OrderBy(static member => member.Id)];
        for (int i = 1; i < members.Count; i++)
        {
            if (members[i].Id == members[i - 1].Id)
            {
                throw new OptionException($"--initial-cluster gives '{members[i].Name}' and '{members[i - 1].Name}' the same peer URLs");
            }
        }

        byte[] ids = new byte[8 * members.Count];
        for (int i = 0; i < members.Count; i++)
        {
            BinaryPrimitives.WriteUInt64BigEndian(ids.AsSpan(8 * i), members[i].Id.Value);
        }

        if (options.InitialQuorums != QuorumSizes.Majority)
        {
            // Founders that were told other sizes must not found the same cluster: each would count by its own.
            ids = [.. ids, .. BitConverter.GetBytes(options.InitialQuorums.Election), .. BitConverter.GetBytes(options.InitialQuorums.Commit)];
        }

        // Nor may founders that were told of other witnesses.
        foreach (Founder witness in members.Where(static member => member.IsWitness))
        {
            ids = [.. ids, (byte)'w', .. BitConverter.GetBytes(witness.Id.Value)];
        }

        return new ClusterIdentity(FirstEight(ids), members.First(member => member.Name == options.Name).Id, members);
    }

    private static MemberId MemberIdOf(IEnumerable<Uri> peerUrls, string token)
    {
        string joined = string.Concat(peerUrls.Select(Urls.Plain).Order(StringComparer.Ordinal));
        return new MemberId(FirstEight(Encoding.UTF8.GetBytes(joined + token)));
    }

    [SuppressMessage("Security", "CA5350", Justification = "An id, not a secret: etcd's own, so that ids agree.")]
    private static ulong FirstEight(byte[] bytes) => BinaryPrimitives.ReadUInt64BigEndian(SHA1.HashData(bytes));
}
