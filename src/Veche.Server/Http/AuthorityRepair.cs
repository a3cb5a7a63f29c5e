using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using System.Runtime.InteropServices;

namespace Veche.Server.Http;

/// <summary>
/// etcd's own Go client, told an endpoint such as http://host:2379, sends that whole URL as the HTTP/2 authority. etcd does not mind; Kestrel answers
/// with a protocol error. This puts other letters in the place of "http://", of the same length plain and compressed, so that neither the frames nor the compression
/// state of the connection change. Only connections whose first request does so are touched at all.
/// </summary>
internal sealed class AuthorityRepair(PipeReader inner) : PipeReader
{
    private const int PrefaceLength = 24;
    private const int FrameHeaderLength = 9;
    private const byte HeadersFrame = 1;
    private const byte PaddedFlag = 0x8;
    private const byte PriorityFlag = 0x20;

    /// <summary>"http://" in HPACK's Huffman code is 41 bits: these bytes and a 0 bit.</summary>
    private static ReadOnlySpan<byte> CodedScheme => [0x9d, 0x29, 0xae, 0xe3, 0x0c];

    /// <summary>"hhhhhht" is 41 bits too: these bytes and a 1 bit.</summary>
    private static ReadOnlySpan<byte> CodedLetters => [0x9e, 0x79, 0xe7, 0x9e, 0x74];

    /// <summary>Bytes at the start of what is read next that were looked at before.</summary>
    private long _looked;
    private bool _prefaceSeen;
    private bool _headersSeen;
    private bool _isOff;

    public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        ReadResult result = await inner.ReadAsync(cancellationToken).ConfigureAwait(false);
        Look(result.Buffer);
        return result;
    }

    public override bool TryRead(out ReadResult result)
    {
        bool read = inner.TryRead(out result);
        if (read)
        {
            Look(result.Buffer);
        }

        return read;
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        if (!_isOff)
        {
            _looked -= _last.Slice(0, consumed).Length;
        }

        inner.AdvanceTo(consumed, examined);
    }

    public override void CancelPendingRead() => inner.CancelPendingRead();

    public override void Complete(Exception? exception = null) => inner.Complete(exception);

    private ReadOnlySequence<byte> _last;

    private void Look(ReadOnlySequence<byte> buffer)
    {
        if (_isOff)
        {
            return;
        }

        _last = buffer;
        if (!_prefaceSeen)
        {
            if (buffer.Length < PrefaceLength)
            {
                return;
            }

            _prefaceSeen = true;
            _looked = PrefaceLength;
        }

        Span<byte> header = stackalloc byte[FrameHeaderLength];
        while (!_isOff && buffer.Length - _looked >= FrameHeaderLength)
        {
            buffer.Slice(_looked, FrameHeaderLength).CopyTo(header);
            int length = (header[0] << 16) | BinaryPrimitives.ReadUInt16BigEndian(header[1..]);
            bool isHeaders = header[3] == HeadersFrame;
            if (isHeaders && buffer.Length - _looked < FrameHeaderLength + length)
            {
                // Kestrel does not look at half a frame either.
                return;
            }

            if (isHeaders)
            {
                bool repaired = Repair(buffer.Slice(_looked + FrameHeaderLength, length), header[4]);
                _isOff = !_headersSeen && !repaired;
                _headersSeen = true;
            }

            _looked += FrameHeaderLength + length;
        }
    }

    private static bool Repair(ReadOnlySequence<byte> payload, byte flags)
    {
        byte[] bytes = payload.ToArray();
        int at = ((flags & PaddedFlag) != 0 ? 1 : 0) + ((flags & PriorityFlag) != 0 ? 5 : 0);
        if (!TryFindAuthority(bytes, at, out int value, out bool coded))
        {
            return false;
        }

        Span<byte> text = bytes.AsSpan(value);
        if (coded && text.Length > 5 && text.StartsWith(CodedScheme) && (text[5] & 0x80) == 0)
        {
            CodedLetters.CopyTo(text);
            text[5] |= 0x80;
        }
        else if (!coded && text.StartsWith("http://"u8))
        {
            "hhhhhht"u8.CopyTo(text);
        }
        else
        {
            return false;
        }

        // The buffer is the connection's own, and nobody else has read this far yet.
        int copied = 0;
        foreach (ReadOnlyMemory<byte> segment in payload)
        {
            bytes.AsSpan(copied, segment.Length).CopyTo(MemoryMarshal.AsMemory(segment).Span);
            copied += segment.Length;
        }

        return true;
    }

    /// <summary>Walks the header representations (RFC 7541 §6) to the one that spells out the authority.</summary>
    private static bool TryFindAuthority(ReadOnlySpan<byte> bytes, int at, out int value, out bool coded)
    {
        value = 0;
        coded = false;
        while (at < bytes.Length)
        {
            byte first = bytes[at];
            int prefixBits = (first & 0x80) != 0 ? 7 : (first & 0x40) != 0 ? 6 : (first & 0x20) != 0 ? 5 : 4;
            bool isLiteral = (first & 0x80) == 0 && (first & 0x60) != 0x20;
            if (!TryReadInteger(bytes, ref at, prefixBits, out int index))
            {
                return false;
            }

            if (!isLiteral)
            {
                continue;
            }

            if (index == 0 && !TrySkipString(bytes, ref at))
            {
                return false;
            }

            int length = at;
            bool isCoded = at < bytes.Length && (bytes[at] & 0x80) != 0;
            if (!TryReadInteger(bytes, ref length, 7, out int size) || size > bytes.Length - length)
            {
                return false;
            }

            if (index == 1)
            {
                (value, coded) = (length, isCoded);
                return true;
            }

            at = length + size;
        }

        return false;
    }

    private static bool TrySkipString(ReadOnlySpan<byte> bytes, ref int at)
    {
        if (!TryReadInteger(bytes, ref at, 7, out int size) || size > bytes.Length - at)
        {
            return false;
        }

        at += size;
        return true;
    }

    private static bool TryReadInteger(ReadOnlySpan<byte> bytes, ref int at, int prefixBits, out int value)
    {
        value = 0;
        if (at >= bytes.Length)
        {
            return false;
        }

        int mask = (1 << prefixBits) - 1;
        value = bytes[at++] & mask;
        if (value < mask)
        {
            return true;
        }

        for (int shift = 0; shift <= 21 && at < bytes.Length; shift += 7)
        {
            byte next = bytes[at++];
            value += (next & 0x7F) << shift;
            if ((next & 0x80) == 0)
            {
                return true;
            }
        }

        return false;
    }
}

/// <summary>A connection with another way to read it.</summary>
internal sealed class RepairedTransport(IDuplexPipe inner) : IDuplexPipe
{
    public PipeReader Input { get; } = new AuthorityRepair(inner.Input);

    public PipeWriter Output => inner.Output;
}
