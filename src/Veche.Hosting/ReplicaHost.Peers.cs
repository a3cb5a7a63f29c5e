using System.Collections.Concurrent;
using Veche.Hosting.Peers;
using Veche.Raft;
using Veche.Replica;
using Veche.Replica.Wire;

namespace Veche.Hosting;

/// <summary>Messages to and from the other members.</summary>
public sealed partial class ReplicaHost
{
    private readonly ConcurrentDictionary<MemberId, PeerLink> _links = [];
    private readonly PeerAddresses _addresses;

    private void LinkTo(MemberId member)
    {
        if (member != Id && !_links.ContainsKey(member) && Volatile.Read(ref _stopping) == 0)
        {
            _links[member] = new PeerLink(member, _dialer, _addresses.Find, _metrics.OfPeer(member), lost => _loop.Post(new ReplicaInput.Unreachable(lost)));
        }
    }

    private void Send(PeerMessage message)
    {
        if (!_links.TryGetValue(message.To, out PeerLink? link))
        {
            LinkTo(message.To);
            return;
        }

        if (link.Write(message, static (buffer, sent) =>
        {
            int start = buffer.BeginFrame(FrameKind.Message);
            PeerCodec.Encode(sent, buffer);
            buffer.EndFrame(start);
        }))
        {
            _dirtyLinks.Add(link);
        }
        else if (Dropped(message) is { } forwarded)
        {
            // Nothing has left, so nothing is in doubt: they wait and are tried again.
            _loop.Post(new ReplicaInput.Received(PeerMessage.Of(message.To, Id, new RefusedCommands(0, SequencesOf(forwarded), TooBusy: false))));
        }
    }

    /// <summary>A message finds no connection. Returns commands that were in it.</summary>
    private ForwardedCommands? Dropped(PeerMessage message)
    {
        _metrics.OfPeer(message.To).Dropped();
        return message.Body as ForwardedCommands;
    }

    private static List<long> SequencesOf(ForwardedCommands forwarded)
    {
        List<long> sequences = [];
        foreach (ReadOnlyMemory<byte> command in forwarded.Commands)
        {
            if (CommandHeader.TryRead(command, out _, out long sequence, out _))
            {
                sequences.Add(sequence);
            }
        }

        return sequences;
    }

    /// <summary>What the listener hands everything to.</summary>
    private sealed class Receiver(ReplicaHost host) : IPeerReceiver
    {
        public void ReceiveFrame(MemberId from, FrameKind kind, ReadOnlySpan<byte> body, List<ReplicaInput> batch)
        {
            switch (kind)
            {
                case FrameKind.Message:
                    batch.Add(new ReplicaInput.Received(PeerCodec.Decode(from, host.Id, body)));
                    break;
                case FrameKind.Call:
                    host.OnCall(from, body);
                    break;
                case FrameKind.CallReply:
                    host.OnCallReply(from, body);
                    break;
                default:
                    throw new InvalidDataException($"a frame of unknown kind {(byte)kind}");
            }
        }

        public void Deliver(List<ReplicaInput> batch) => host._loop.Post(batch);

        public void ReceivedBytes(MemberId from, int count) => host._metrics.Received(from, count);

        public Task ReceiveSnapshotAsync(MemberId from, bool forWitness, Stream stream, CancellationToken cancellationToken) =>
            host.ReceiveSnapshotAsync(from, forWitness, stream, cancellationToken);
    }
}
