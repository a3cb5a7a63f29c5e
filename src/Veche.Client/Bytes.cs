using System.Text;
using Google.Protobuf;

namespace Veche.Client;

/// <summary>A key or a value: bytes, and from and to text as UTF-8. Equal when the bytes are.</summary>
public readonly struct Bytes : IEquatable<Bytes>
{
    private readonly ByteString? _bytes;

    internal Bytes(ByteString bytes) => _bytes = bytes;

    /// <summary>The bytes.</summary>
    public ReadOnlyMemory<byte> Memory => Raw.Memory;

    /// <summary>How many.</summary>
    public int Length => Raw.Length;

    internal ByteString Raw => _bytes ?? ByteString.Empty;

    /// <summary>A text, as UTF-8.</summary>
    public static implicit operator Bytes(string text) => new(ByteString.CopyFromUtf8(text));

    /// <summary>A copy of bytes.</summary>
    public static implicit operator Bytes(byte[] bytes) => new(ByteString.CopyFrom(bytes));

    /// <summary>A copy of bytes.</summary>
    public static implicit operator Bytes(ReadOnlyMemory<byte> bytes) => new(ByteString.CopyFrom(bytes.Span));

    /// <summary>True when the bytes are equal.</summary>
    public static bool operator ==(Bytes left, Bytes right) => left.Equals(right);

    /// <summary>True when the bytes are not equal.</summary>
    public static bool operator !=(Bytes left, Bytes right) => !left.Equals(right);

    /// <summary>A text, as UTF-8.</summary>
    public static Bytes FromString(string text) => text;

    /// <inheritdoc/>
    public bool Equals(Bytes other) => Raw.Equals(other.Raw);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Bytes other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => Raw.GetHashCode();

    /// <summary>The text that they are in UTF-8.</summary>
    public override string ToString() => Encoding.UTF8.GetString(Memory.Span);
}
