using System.Buffers.Binary;
using System.Numerics;
using Veche.Log;
using Veche.Raft;
using Veche.Replica;

namespace Veche.Hosting.Peers;

/// <summary>
/// A snapshot on a connection of its own. First a header: term (8 bytes; 0 when its receiver has asked for the state, and nobody's term is meant), index (8), term of that index (8), length of the configuration (4),
/// the configuration, and a CRC-32C of all that (4). Then blocks: length (4), CRC-32C (4), bytes. A block of length 0 ends it and carries the number of bytes
/// in all (8) . The receiver answers with one byte once the snapshot is durable.
/// </summary>
internal static class SnapshotTransfer
{
    private const int HeaderLength = 28;
    private const int BlockHeaderLength = 8;
    private const int BlockBytes = 256 << 10;
    private const int MaxConfigurationBytes = 64 << 10;
    private const byte Durable = 1;

    public static async Task SendAsync(Stream stream, long term, SnapshotPoint point, IStateImage image, CancellationToken cancellationToken)
    {
        await stream.WriteAsync(EncodeHeader(term, point), cancellationToken).ConfigureAwait(false);
        await using (var blocks = new BlockStream(stream))
        {
            image.WriteTo(blocks);
            blocks.Complete();
        }

        await stream.FlushAsync(cancellationToken).ConfigureAwait(false);
        byte[] answer = new byte[1];
        await stream.ReadExactlyAsync(answer, cancellationToken).ConfigureAwait(false);
        if (answer[0] != Durable)
        {
            throw new IOException("the receiver could not keep the snapshot");
        }
    }

    public static async Task<(long Term, SnapshotPoint Point)> ReceiveAsync(Stream stream, SnapshotStore snapshots, CancellationToken cancellationToken)
    {
        (long term, SnapshotPoint point) = await ReadHeaderAsync(stream, cancellationToken).ConfigureAwait(false);
        using SnapshotWriter writer = snapshots.Begin(point);
        byte[] header = new byte[BlockHeaderLength];
        byte[] block = new byte[BlockBytes];
        long total = 0;
        while (true)
        {
            await stream.ReadExactlyAsync(header, cancellationToken).ConfigureAwait(false);
            int length = BinaryPrimitives.ReadInt32LittleEndian(header);
            uint crc = BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(4));
            if (length is < 0 or > BlockBytes)
            {
                throw new InvalidDataException($"a snapshot block claims {length} bytes; at most {BlockBytes} are allowed");
            }

            if (length == 0)
            {
                break;
            }

            await stream.ReadExactlyAsync(block.AsMemory(0, length), cancellationToken).ConfigureAwait(false);
            if (Crc(block.AsSpan(0, length)) != crc)
            {
                throw new InvalidDataException("a snapshot block was damaged on its way");
            }

            await writer.Content.WriteAsync(block.AsMemory(0, length), cancellationToken).ConfigureAwait(false);
            total += length;
        }

        byte[] end = new byte[8];
        await stream.ReadExactlyAsync(end, cancellationToken).ConfigureAwait(false);
        if (BinaryPrimitives.ReadInt64LittleEndian(end) != total)
        {
            throw new InvalidDataException("a snapshot ended early");
        }

        writer.Commit();
        return (term, point);
    }

    public static async Task ConfirmAsync(Stream stream, CancellationToken cancellationToken)
    {
        await stream.WriteAsync(new[] { Durable }, cancellationToken).ConfigureAwait(false);
        await stream.FlushAsync(cancellationToken).ConfigureAwait(false);
    }

    private static byte[] EncodeHeader(long term, SnapshotPoint point)
    {
        ReadOnlySpan<byte> configuration = ConfigurationEntry.Encode(point.Configuration).Span;
        byte[] header = new byte[HeaderLength + configuration.Length + 4];
        BinaryPrimitives.WriteInt64LittleEndian(header, term);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(8), point.Position.Index);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(16), point.Position.Term);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(24), configuration.Length);
        configuration.CopyTo(header.AsSpan(HeaderLength));
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(header.Length - 4), Crc(header.AsSpan(0, header.Length - 4)));
        return header;
    }

    private static async Task<(long Term, SnapshotPoint Point)> ReadHeaderAsync(Stream stream, CancellationToken cancellationToken)
    {
        byte[] fixedPart = new byte[HeaderLength];
        await stream.ReadExactlyAsync(fixedPart, cancellationToken).ConfigureAwait(false);
        int length = BinaryPrimitives.ReadInt32LittleEndian(fixedPart.AsSpan(24));
        if (length is < 0 or > MaxConfigurationBytes)
        {
            throw new InvalidDataException($"a snapshot's configuration claims {length} bytes");
        }

        byte[] header = new byte[HeaderLength + length + 4];
        fixedPart.CopyTo(header, 0);
        await stream.ReadExactlyAsync(header.AsMemory(HeaderLength), cancellationToken).ConfigureAwait(false);
        if (Crc(header.AsSpan(0, header.Length - 4)) != BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(header.Length - 4)))
        {
            throw new InvalidDataException("a snapshot's header was damaged on its way");
        }

        long term = BinaryPrimitives.ReadInt64LittleEndian(header);
        var position = new LogPosition(BinaryPrimitives.ReadInt64LittleEndian(header.AsSpan(8)), BinaryPrimitives.ReadInt64LittleEndian(header.AsSpan(16)));
        bool isOfALeader = term != Veche.Replica.Replica.ReseedTerm;
        if (term < 0 || position.Index < 1 || position.Term < 1 || (isOfALeader && position.Term > term)
            || !ConfigurationEntry.TryDecode(header.AsMemory(HeaderLength, length), out Configuration? configuration, out _))
        {
            throw new InvalidDataException("a snapshot's header makes no sense");
        }

        return (term, new SnapshotPoint(position, configuration));
    }

    private static uint Crc(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        while (bytes.Length >= 8)
        {
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            bytes = bytes[8..];
        }

        foreach (byte single in bytes)
        {
            crc = BitOperations.Crc32C(crc, single);
        }

        return ~crc;
    }

    /// <summary>Cuts what is written into checksummed blocks.</summary>
    private sealed class BlockStream(Stream destination) : Stream
    {
        private readonly byte[] _block = new byte[BlockHeaderLength + BlockBytes];
        private int _filled;
        private long _total;

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => _total;

        public override long Position
        {
            get => _total;
            set => throw new NotSupportedException();
        }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            while (!buffer.IsEmpty)
            {
                int taken = Math.Min(buffer.Length, BlockBytes - _filled);
                buffer[..taken].CopyTo(_block.AsSpan(BlockHeaderLength + _filled));
                _filled += taken;
                _total += taken;
                buffer = buffer[taken..];
                if (_filled == BlockBytes)
                {
                    SendBlock();
                }
            }
        }

        /// <summary>Ends the snapshot. Without it the receiver sees that it was cut short.</summary>
        public void Complete()
        {
            if (_filled > 0)
            {
                SendBlock();
            }

            byte[] end = new byte[BlockHeaderLength + 8];
            BinaryPrimitives.WriteInt64LittleEndian(end.AsSpan(BlockHeaderLength), _total);
            destination.Write(end);
        }

        public override void Flush()
        {
            // Blocks leave when they are full; the end flushes the connection.
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        private void SendBlock()
        {
            BinaryPrimitives.WriteInt32LittleEndian(_block, _filled);
            BinaryPrimitives.WriteUInt32LittleEndian(_block.AsSpan(4), Crc(_block.AsSpan(BlockHeaderLength, _filled)));
            destination.Write(_block.AsSpan(0, BlockHeaderLength + _filled));
            _filled = 0;
        }
    }
}
