using System.Collections.Concurrent;
using System.Net;
using Veche.Raft;

namespace Veche.Hosting;

/// <summary>Where members are to be reached. May change while connections are being made; the next attempt uses the new one.</summary>
internal sealed class PeerAddresses(IReadOnlyDictionary<MemberId, DnsEndPoint> initial)
{
    private readonly ConcurrentDictionary<MemberId, DnsEndPoint> _addresses = new(initial);

    public DnsEndPoint? Find(MemberId member) => _addresses.GetValueOrDefault(member);

    public void Set(MemberId member, DnsEndPoint address) => _addresses[member] = address;
}
