using System.Buffers.Binary;

namespace Veche.Log;

/// <summary>Reads a snapshot's blocks, each checked before any of it is handed out, and its end.</summary>
internal sealed class SnapshotReader(IDiskFile file, string name, long start) : Stream
{
    private readonly byte[] _block = new byte[SnapshotFormat.BlockHeaderLength + SnapshotFormat.BlockBytes];
    private long _position = start;
    private long _total;
    private int _filled;
    private int _taken;
    private bool _ended;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => _total - (_filled - _taken);
        set => throw new NotSupportedException();
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        if (buffer.IsEmpty)
        {
            return 0;
        }

        if (_taken == _filled && !ReadBlock())
        {
            return 0;
        }

        int count = Math.Min(buffer.Length, _filled - _taken);
        _block.AsSpan(SnapshotFormat.BlockHeaderLength + _taken, count).CopyTo(buffer);
        _taken += count;
        return count;
    }

    public override void Flush()
    {
        // Nothing is written.
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        file.Dispose();
        base.Dispose(disposing);
    }

    private bool ReadBlock()
    {
        if (_ended)
        {
            return false;
        }

        Span<byte> header = _block.AsSpan(0, SnapshotFormat.BlockHeaderLength);
        Expect(file.Read(_position, header) == header.Length);
        int length = BinaryPrimitives.ReadInt32LittleEndian(header);
        Expect(length is >= 0 and <= SnapshotFormat.BlockBytes);
        Span<byte> content = _block.AsSpan(SnapshotFormat.BlockHeaderLength, length);
        Expect(file.Read(_position + header.Length, content) == length);
        uint crc = Checksum.Add(Checksum.Begin, header[..4]);
        Expect(Checksum.Finish(Checksum.Add(crc, content)) == BinaryPrimitives.ReadUInt32LittleEndian(header[4..]));
        _position += header.Length + length;
        _filled = length;
        _taken = 0;
        _total += length;
        if (length > 0)
        {
            return true;
        }

        Span<byte> total = stackalloc byte[8];
        Expect(file.Read(_position, total) == 8 && BinaryPrimitives.ReadInt64LittleEndian(total) == _total);
        _ended = true;
        return false;
    }

    private void Expect(bool holds)
    {
        if (!holds)
        {
            throw new InvalidDataException($"snapshot {name} is damaged near byte {_position}");
        }
    }
}
