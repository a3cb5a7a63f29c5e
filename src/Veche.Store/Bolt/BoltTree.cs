using System.Buffers;
using System.Buffers.Binary;

namespace Veche.Store.Bolt;

/// <summary>Takes pairs of one bucket, in order of keys.</summary>
internal interface IPairSink
{
    void Add(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value);
}

/// <summary>Writes pages one after the other, and gives them their ids.</summary>
internal sealed class BoltPages(Stream destination, ulong firstId)
{
    public const int PageBytes = 4096;

    private readonly byte[] _header = new byte[BoltFormat.PageHeaderLength];
    private readonly byte[] _padding = new byte[PageBytes];

    /// <summary>The id of the next page.</summary>
    public ulong Next { get; private set; } = firstId;

    /// <summary>Writes a page, and as many more as its elements and their bytes need.</summary>
    public ulong Write(ushort kind, int count, ReadOnlySpan<byte> elements, ReadOnlySpan<byte> bytes)
    {
        ulong id = Next;
        long length = (long)BoltFormat.PageHeaderLength + elements.Length + bytes.Length;
        int pages = checked((int)((length + PageBytes - 1) / PageBytes));
        BoltFormat.WritePageHeader(_header, id, kind, count, pages - 1);
        destination.Write(_header);
        destination.Write(elements);
        destination.Write(bytes);
        destination.Write(_padding.AsSpan(0, (int)(((long)pages * PageBytes) - length)));
        Next += (ulong)pages;
        return id;
    }
}

/// <summary>
/// The tree of one bucket, built from pairs in order: a page leaves as soon as it is full, so that the memory it takes is a page for each level.
/// </summary>
internal sealed class BoltTree(BoltPages pages) : IPairSink
{
    private readonly List<(uint Flags, int KeyLength, int ValueLength)> _elements = [];
    private readonly ArrayBufferWriter<byte> _bytes = new(BoltPages.PageBytes);
    private readonly List<Branch> _branches = [];
    private byte[] _firstKey = [];

    public void Add(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value) => Add(key, value, flags: 0);

    public void Add(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, uint flags)
    {
        if (_elements.Count > 0 && BoltFormat.PageHeaderLength + ((_elements.Count + 1) * BoltFormat.ElementLength) + _bytes.WrittenCount + key.Length + value.Length > BoltPages.PageBytes)
        {
            Rise(0, _firstKey, WriteLeaf());
        }

        if (_elements.Count == 0)
        {
            _firstKey = key.ToArray();
        }

        _elements.Add((flags, key.Length, value.Length));
        _bytes.Write(key);
        _bytes.Write(value);
    }

    /// <summary>Writes what is left, and returns the first page of the tree.</summary>
    public ulong Finish()
    {
        ulong page = WriteLeaf();
        byte[] first = _firstKey;
        for (int level = 0; level < _branches.Count; level++)
        {
            Rise(level, first, page);
            Branch branch = _branches[level];
            first = branch.FirstKey;
            page = branch.WriteAll(pages);
        }

        return page;
    }

    private ulong WriteLeaf()
    {
        byte[] elements = new byte[_elements.Count * BoltFormat.ElementLength];
        int position = elements.Length;
        for (int i = 0; i < _elements.Count; i++)
        {
            (uint flags, int keyLength, int valueLength) = _elements[i];
            Span<byte> element = elements.AsSpan(i * BoltFormat.ElementLength);
            BinaryPrimitives.WriteUInt32LittleEndian(element, flags);
            BinaryPrimitives.WriteInt32LittleEndian(element[4..], position - (i * BoltFormat.ElementLength));
            BinaryPrimitives.WriteInt32LittleEndian(element[8..], keyLength);
            BinaryPrimitives.WriteInt32LittleEndian(element[12..], valueLength);
            position += keyLength + valueLength;
        }

        ulong id = pages.Write(BoltFormat.LeafPage, _elements.Count, elements, _bytes.WrittenSpan);
        _elements.Clear();
        _bytes.ResetWrittenCount();
        return id;
    }

    private void Rise(int level, byte[] firstKey, ulong page)
    {
        if (level == _branches.Count)
        {
            _branches.Add(new Branch());
        }

        if (_branches[level].Add(firstKey, page, pages) is (byte[] first, ulong id))
        {
            Rise(level + 1, first, id);
        }
    }

    /// <summary>The page of one level that is being filled.</summary>
    private sealed class Branch
    {
        /// <summary>Stay behind when a page leaves: bbolt cannot remove from under a branch that has only one child.</summary>
        private const int StayBehind = 2;

        private readonly List<(byte[] Key, ulong Page)> _children = [];
        private int _length = BoltFormat.PageHeaderLength;

        public byte[] FirstKey => _children[0].Key;

        /// <summary>Adds a child; when the page is full, writes it and returns it.</summary>
        public (byte[] FirstKey, ulong Page)? Add(byte[] key, ulong page, BoltPages pages)
        {
            _children.Add((key, page));
            _length += BoltFormat.ElementLength + key.Length;
            return _length > BoltPages.PageBytes && _children.Count >= 2 * StayBehind ? (FirstKey, Write(_children.Count - StayBehind, pages)) : null;
        }

        public ulong WriteAll(BoltPages pages) => Write(_children.Count, pages);

        private ulong Write(int count, BoltPages pages)
        {
            byte[] elements = new byte[count * BoltFormat.ElementLength];
            var bytes = new ArrayBufferWriter<byte>(BoltPages.PageBytes);
            for (int i = 0; i < count; i++)
            {
                (byte[] key, ulong page) = _children[i];
                Span<byte> element = elements.AsSpan(i * BoltFormat.ElementLength);
                BinaryPrimitives.WriteInt32LittleEndian(element, elements.Length - (i * BoltFormat.ElementLength) + bytes.WrittenCount);
                BinaryPrimitives.WriteInt32LittleEndian(element[4..], key.Length);
                BinaryPrimitives.WriteUInt64LittleEndian(element[8..], page);
                bytes.Write(key);
            }

            ulong id = pages.Write(BoltFormat.BranchPage, count, elements, bytes.WrittenSpan);
            _children.RemoveRange(0, count);
            _length = BoltFormat.PageHeaderLength + _children.Sum(static child => BoltFormat.ElementLength + child.Key.Length);
            return id;
        }
    }
}
