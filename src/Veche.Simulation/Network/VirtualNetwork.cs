using System.Buffers;
using Veche.Replica;
using Veche.Replica.Wire;

namespace Veche.Simulation.Network;

/// <summary>Carries messages between places: members, by number, and behind them the clients.</summary>
internal sealed class VirtualNetwork
{
    private readonly SimulationRandom _random;
    private readonly int _places;
    private readonly Link?[] _links;
    private readonly ArrayBufferWriter<byte> _wire = new();

    public VirtualNetwork(NetworkPlan plan, SimulationRandom random, int places)
    {
        Plan = plan;
        _random = random;
        _places = places;
        _links = new Link[places * places];
    }

    /// <summary>How it behaves now; replaced when the faults end.</summary>
    public NetworkPlan Plan { get; set; }

    public long Sent { get; private set; }

    public long Lost { get; private set; }

    public Link Between(int from, int to) => _links[(from * _places) + to] ??= new Link();

    /// <summary>When a message sent now arrives; null when it never does.</summary>
    public long? Arrival(int from, int to, long nowNs)
    {
        Sent++;
        Link link = Between(from, to);
        if (link.Blocks > 0 || link.InFlight >= Plan.PathCapacity || _random.Chance(Plan.Loss))
        {
            Lost++;
            return null;
        }

        long delayNs = ((Plan.MinDelayUs + _random.Exponential(Plan.MeanDelayUs)) * 1000) + link.ExtraDelayNs;
        long arrivalNs = Math.Max(nowNs, link.CloggedUntilNs) + delayNs;
        if (!Plan.Reorders)
        {
            arrivalNs = Math.Max(arrivalNs, link.LastArrivalNs + 1);
            link.LastArrivalNs = arrivalNs;
        }

        return arrivalNs;
    }

    /// <summary>When the repeat of a message arrives, if there is one.</summary>
    public long? Repeat(long firstArrivalNs) =>
        _random.Chance(Plan.Duplication) ? firstArrivalNs + 1 + (_random.Exponential(Plan.MeanDelayUs * 4) * 1000) : null;

    /// <summary>Now and then a message takes the way of a real one: to bytes, and back.</summary>
    public PeerMessage Carry(PeerMessage message)
    {
        if (!_random.Chance(Plan.WireFormat))
        {
            return message;
        }

        _wire.ResetWrittenCount();
        PeerCodec.Encode(message, _wire);
        return PeerCodec.Decode(message.From, message.To, _wire.WrittenSpan);
    }
}
