using System.Buffers;
using Google.Protobuf;
using Veche.Api;
using Veche.Store.Engine;
using Veche.Store.Mvcc;

namespace Veche.Store;

/// <summary>
/// The answer to a range as the bytes of one message, a <see cref="RangeResponse"/>, that are made piece by piece: all of the one state it was opened on,
/// whatever is applied or compacted meanwhile, and never more than its beginning and a piece of it in memory. A message says first how long it is, so what
/// follows the beginning is walked over twice: <see cref="Measure"/>, then <see cref="WriteNext"/> until it answers false. Not for several threads at once.
/// </summary>
public sealed class RangeMessage : IDisposable
{
    private const uint HeaderTag = (1 << 3) | 2;
    private const uint KeyValuesTag = (2 << 3) | 2;
    private const uint MoreTag = 3 << 3;
    private const uint CountTag = 4 << 3;

    private readonly RangeRequest _request;
    private readonly CommittedKeyValues _source;
    private readonly IEngineView _view;
    private readonly PageCounts _pages;
    private readonly long? _pastRevision;
    private readonly Beginning _beginning = new();
    private ByteString _from;
    private long _keys;
    private long _keysWritten;
    private long _bytesWritten;
    private long _count;
    private bool _more;
    private long? _length;

    internal RangeMessage(RangeRequest request, CommittedKeyValues source, IEngineView view, PageCounts pages)
    {
        _request = request;
        _source = source;
        _view = view;
        _pages = pages;
        _from = request.Key;
        _pastRevision = request.Revision <= 0 || request.Revision == source.Revision ? null : request.Revision;
        Header = new ResponseHeader { Revision = source.Revision };
    }

    /// <summary>The header, of which only the revision is set; whatever else it is to say must be there before <see cref="Measure"/>.</summary>
    public ResponseHeader Header { get; }

    /// <summary>What is kept of the beginning while it is measured, in bytes: a page of a usual size is then read only once. Default 4 MiB.</summary>
    internal int MaxBeginningBytes { get; set; } = 4 << 20;

    /// <summary>Walks over the range, and returns the length of the message, in bytes. To be called once.</summary>
    public long Measure()
    {
        long limit = _request.Limit > 0 ? _request.Limit : long.MaxValue;
        ByteString? last = null;
        ByteString? next = null;
        ByteString? behindBeginning = null;
        WriteField(_beginning, HeaderTag, Header.ToByteArray());
        long bytes = _beginning.Length;
        Visit(keyValue =>
        {
            if (_keys == limit)
            {
                next = KeyOf(keyValue);
                return false;
            }

            _keys++;
            bytes += FieldLength(keyValue.Length);
            if (_keys == limit)
            {
                last = KeyOf(keyValue);
            }

            if (behindBeginning is null && _beginning.Length + FieldLength(keyValue.Length) <= MaxBeginningBytes)
            {
                WriteField(_beginning, KeyValuesTag, keyValue);
                _keysWritten++;
            }
            else
            {
                behindBeginning ??= KeyOf(keyValue);
            }

            return true;
        });
        _beginning.Complete();
        _from = behindBeginning ?? _from;
        _more = next is not null;
        _count = next is null ? _keys : RangeQuery.CountWithRest(_request, _source, next, last!, _keys, _pages);
        bytes += _more ? 2 : 0;
        bytes += _count == 0 ? 0 : 1 + CodedOutputStream.ComputeInt64Size(_count);
        _length = bytes;
        return bytes;
    }

    /// <summary>Writes the next piece; false when it was the last.</summary>
    /// <param name="into">Where.</param>
    /// <param name="maxBytes">About so many bytes, but at least one key.</param>
    public bool WriteNext(IBufferWriter<byte> into, int maxBytes)
    {
        if (_length is null)
        {
            throw new InvalidOperationException("The message has not been measured.");
        }

        if (_beginning.WriteNext(into))
        {
            return true;
        }

        if (_keysWritten < _keys && WriteKeys(into, maxBytes))
        {
            return true;
        }

        if (_more)
        {
            WriteNumber(into, MoreTag, 1);
        }

        if (_count != 0)
        {
            WriteNumber(into, CountTag, (ulong)_count);
        }

        return _bytesWritten == _length ? false : throw new InvalidOperationException($"The message has {_bytesWritten} bytes; it was measured as {_length}.");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _beginning.Dispose();
        _view.Dispose();
    }

    /// <summary>A walk of its own for each piece: one that waits for a slow client would keep the engine from letting go of what it has written.</summary>
    private bool WriteKeys(IBufferWriter<byte> into, int maxBytes)
    {
        long full = _bytesWritten + maxBytes;
        bool isFull = false;
        Visit(keyValue =>
        {
            if (_keysWritten == _keys)
            {
                return false;
            }

            if (_bytesWritten >= full)
            {
                isFull = true;
                _from = KeyOf(keyValue);
                return false;
            }

            _keysWritten++;
            WriteField(into, KeyValuesTag, keyValue);
            return true;
        });
        return isFull;
    }

    private void Visit(MvccReader.EncodedVisitor visit)
    {
        var rest = new KeyRange(_from, _request.RangeEnd);
        MvccReader.EncodedVisitor given = _request.KeysOnly ? keyValue => visit(RangeQuery.WithoutValue(KeyValue.Parser.ParseFrom(keyValue)).ToByteArray()) : visit;
        if (_pastRevision is { } revision)
        {
            MvccReader.ForEachEncodedAt(_view, rest, revision, given);
        }
        else
        {
            MvccReader.ForEachEncoded(_view, rest, given);
        }
    }

    /// <summary>The key is the first field of a key-value, and always there.</summary>
    private static ByteString KeyOf(ReadOnlySpan<byte> keyValue)
    {
        int length = 0;
        int position = 1;
        for (int shift = 0; ; shift += 7)
        {
            byte part = keyValue[position++];
            length |= (part & 0x7f) << shift;
            if (part < 0x80)
            {
                return ByteString.CopyFrom(keyValue.Slice(position, length));
            }
        }
    }

    private static long FieldLength(int bytes) => 1 + CodedOutputStream.ComputeUInt32Size((uint)bytes) + bytes;

    private void WriteField(IBufferWriter<byte> into, uint tag, ReadOnlySpan<byte> bytes)
    {
        WriteNumber(into, tag, (ulong)bytes.Length);
        into.Write(bytes);
        _bytesWritten += bytes.Length;
    }

    private void WriteNumber(IBufferWriter<byte> into, uint tag, ulong number)
    {
        Span<byte> room = into.GetSpan(11);
        room[0] = (byte)tag;
        int length = 1;
        while (number >= 0x80)
        {
            room[length++] = (byte)(number | 0x80);
            number >>= 7;
        }

        room[length++] = (byte)number;
        into.Advance(length);
        _bytesWritten += length;
    }

    /// <summary>The beginning of the message, in buffers that others use before and after.</summary>
    private sealed class Beginning : IBufferWriter<byte>, IDisposable
    {
        private const int BufferBytes = 64 << 10;
        private readonly Queue<(byte[] Buffer, int Length)> _full = new();
        private byte[] _buffer = [];
        private int _used;

        public long Length { get; private set; }

        public void Advance(int count)
        {
            _used += count;
            Length += count;
        }

        public Memory<byte> GetMemory(int sizeHint = 0)
        {
            if (_buffer.Length - _used < Math.Max(1, sizeHint))
            {
                Complete();
                _buffer = ArrayPool<byte>.Shared.Rent(Math.Max(BufferBytes, sizeHint));
            }

            return _buffer.AsMemory(_used);
        }

        public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

        /// <summary>No more comes.</summary>
        public void Complete()
        {
            if (_buffer.Length > 0)
            {
                _full.Enqueue((_buffer, _used));
                _buffer = [];
                _used = 0;
            }
        }

        /// <summary>Writes a buffer of it; false when there is none.</summary>
        public bool WriteNext(IBufferWriter<byte> into)
        {
            if (!_full.TryDequeue(out (byte[] Buffer, int Length) next))
            {
                return false;
            }

            into.Write(next.Buffer.AsSpan(0, next.Length));
            ArrayPool<byte>.Shared.Return(next.Buffer);
            return true;
        }

        public void Dispose()
        {
            Complete();
            while (_full.TryDequeue(out (byte[] Buffer, int Length) next))
            {
                ArrayPool<byte>.Shared.Return(next.Buffer);
            }
        }
    }
}
