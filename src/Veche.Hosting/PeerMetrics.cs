using Veche.Raft;

namespace Veche.Hosting;

/// <summary>What went to and came from one other member. May be read from any thread.</summary>
public sealed class PeerMetrics(MemberId peer)
{
    private long _sentBytes;
    private long _receivedBytes;
    private long _dropped;

    /// <summary>Who.</summary>
    public MemberId Peer => peer;

    /// <summary>Bytes sent to it.</summary>
    public long SentBytes => Interlocked.Read(ref _sentBytes);

    /// <summary>Bytes received from it.</summary>
    public long ReceivedBytes => Interlocked.Read(ref _receivedBytes);

    /// <summary>Messages for it that were dropped, because there was no connection or it ended before they were sent.</summary>
    public long DroppedMessages => Interlocked.Read(ref _dropped);

    internal void Sent(int bytes) => Interlocked.Add(ref _sentBytes, bytes);

    internal void Received(int bytes) => Interlocked.Add(ref _receivedBytes, bytes);

    internal void Dropped() => Interlocked.Increment(ref _dropped);
}
