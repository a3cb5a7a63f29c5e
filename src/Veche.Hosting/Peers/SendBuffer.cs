using System.Buffers;
using System.Buffers.Binary;

namespace Veche.Hosting.Peers;

/// <summary>A growable buffer of frames to send. Keeps its memory between uses unless one burst made it unusually large.</summary>
internal sealed class SendBuffer : IBufferWriter<byte>
{
    private const int KeepBytes = 1 << 20;
    private byte[] _bytes = new byte[4096];

    public int Length { get; private set; }

    public ReadOnlyMemory<byte> Written => _bytes.AsMemory(0, Length);

    public void Advance(int count) => Length += count;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Ensure(Math.Max(sizeHint, 1));
        return _bytes.AsMemory(Length);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Ensure(Math.Max(sizeHint, 1));
        return _bytes.AsSpan(Length);
    }

    /// <summary>Begins a frame; returns where it starts.</summary>
    public int BeginFrame(FrameKind kind)
    {
        int start = Length;
        Span<byte> header = GetSpan(Frames.HeaderLength);
        header[4] = (byte)kind;
        Advance(Frames.HeaderLength);
        return start;
    }

    /// <summary>Ends a frame by writing its length.</summary>
    public void EndFrame(int start) =>
        BinaryPrimitives.WriteInt32LittleEndian(_bytes.AsSpan(start), Length - start - Frames.HeaderLength);

    public void Clear()
    {
        Length = 0;
        if (_bytes.Length > KeepBytes)
        {
            _bytes = new byte[4096];
        }
    }

    private void Ensure(int more)
    {
        if (_bytes.Length - Length < more)
        {
            Array.Resize(ref _bytes, checked(Math.Max(_bytes.Length * 2, Length + more)));
        }
    }
}
