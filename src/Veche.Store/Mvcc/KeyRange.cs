using Google.Protobuf;

namespace Veche.Store.Mvcc;

/// <summary>The keys a request is about: one key, or from a key up to but not including another, or to the end of all keys.</summary>
internal readonly struct KeyRange
{
    private readonly ByteString _end;

    public KeyRange(ByteString key, ByteString rangeEnd)
    {
        Key = key;
        _end = rangeEnd;
    }

    public ByteString Key { get; }

    public bool IsSingle => _end.IsEmpty;

    /// <summary>A range end of one zero byte means every key from the first on.</summary>
    public bool IsOpen => _end.Length == 1 && _end[0] == 0;

    public bool IsBeforeEnd(ReadOnlySpan<byte> key) =>
        IsSingle ? key.SequenceEqual(Key.Span) : IsOpen || key.SequenceCompareTo(_end.Span) < 0;

    public bool Contains(ReadOnlySpan<byte> key) => key.SequenceCompareTo(Key.Span) >= 0 && IsBeforeEnd(key);
}
