using System.Buffers.Binary;

namespace Veche.Log;

/// <summary>A snapshot that is being written. Disposing it without <see cref="Commit"/> leaves nothing behind.</summary>
public sealed class SnapshotWriter : IDisposable
{
    private readonly IDisk _disk;
    private readonly string _temporary;
    private readonly string _name;
    private readonly IDiskFile _file;
    private readonly BlockWriter _content;
    private bool _committed;

    internal SnapshotWriter(IDisk disk, string temporary, string name, byte[] head)
    {
        _disk = disk;
        _temporary = temporary;
        _name = name;
        _file = disk.Open(temporary);
        _file.Write(0, head);
        _content = new BlockWriter(_file, head.Length);
    }

    /// <summary>Takes the state, sequentially.</summary>
    public Stream Content => _content;

    /// <summary>Makes the snapshot durable, whole, and known under its name.</summary>
    /// <exception cref="IOException">It could not be written; there is no snapshot.</exception>
    public void Commit()
    {
        _content.Complete();
        _file.Sync();
        _disk.Rename(_temporary, _name);
        _disk.SyncDirectory();
        _committed = true;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _content.Dispose();
        _file.Dispose();
        if (!_committed && _disk.Exists(_temporary))
        {
            _disk.Delete(_temporary);
        }
    }

    private sealed class BlockWriter(IDiskFile file, long start) : Stream
    {
        private readonly byte[] _block = new byte[SnapshotFormat.BlockHeaderLength + SnapshotFormat.BlockBytes];
        private long _position = start;
        private long _total;
        private int _filled;

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
                int taken = Math.Min(buffer.Length, SnapshotFormat.BlockBytes - _filled);
                buffer[..taken].CopyTo(_block.AsSpan(SnapshotFormat.BlockHeaderLength + _filled));
                _filled += taken;
                _total += taken;
                buffer = buffer[taken..];
                if (_filled == SnapshotFormat.BlockBytes)
                {
                    WriteBlock();
                }
            }
        }

        public void Complete()
        {
            if (_filled > 0)
            {
                WriteBlock();
            }

            WriteBlock();
            byte[] total = new byte[8];
            BinaryPrimitives.WriteInt64LittleEndian(total, _total);
            file.Write(_position, total);
        }

        public override void Flush()
        {
            // Blocks are written when they are full.
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        private void WriteBlock()
        {
            BinaryPrimitives.WriteInt32LittleEndian(_block, _filled);
            uint crc = Checksum.Add(Checksum.Begin, _block.AsSpan(0, 4));
            crc = Checksum.Finish(Checksum.Add(crc, _block.AsSpan(SnapshotFormat.BlockHeaderLength, _filled)));
            BinaryPrimitives.WriteUInt32LittleEndian(_block.AsSpan(4), crc);
            file.Write(_position, _block.AsSpan(0, SnapshotFormat.BlockHeaderLength + _filled));
            _position += SnapshotFormat.BlockHeaderLength + _filled;
            _filled = 0;
        }
    }
}
