using System.Buffers.Binary;
using System.Text;

namespace Veche.Store.Bolt;

/// <summary>Reads a bbolt file: Veche's own snapshots, and etcd's. Nothing in it is believed before it has been checked against the file's bounds.</summary>
internal sealed class BoltFileReader
{
    private const int MaxDepth = 64;
    private const int MaxPageBytes = 1 << 30;
    private readonly Stream _file;
    private readonly long _length;
    private readonly BoltMeta _meta;
    private readonly SortedDictionary<string, byte[]> _buckets = new(StringComparer.Ordinal);

    /// <summary>Opens a file.</summary>
    /// <param name="file">Can be read and sought.</param>
    /// <param name="length">How much of it is the database; what follows is somebody else's.</param>
    /// <exception cref="InvalidDataException">It is none, or damaged.</exception>
    public BoltFileReader(Stream file, long length)
    {
        _file = file;
        _length = length;
        _meta = ReadMeta();
        Walk(_meta.RootPage, 0, (flags, key, value) =>
        {
            if ((flags & BoltFormat.BucketElement) != 0)
            {
                _buckets[Encoding.UTF8.GetString(key)] = value.ToArray();
            }
        });
    }

    /// <summary>Names of the buckets.</summary>
    public IReadOnlyCollection<string> Buckets => _buckets.Keys;

    public delegate void Visitor(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value);

    private delegate void ElementVisitor(uint flags, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value);

    /// <summary>Calls for each pair of a bucket, in order of keys; a bucket that is not there is empty.</summary>
    /// <exception cref="InvalidDataException">The file is damaged.</exception>
    public void ForEach(string bucket, Visitor visit)
    {
        if (!_buckets.TryGetValue(bucket, out byte[]? header))
        {
            return;
        }

        if (header.Length < BoltFormat.BucketLength)
        {
            throw Damaged($"the bucket {bucket} has no head");
        }

        ElementVisitor each = (flags, key, value) =>
        {
            if ((flags & BoltFormat.BucketElement) == 0)
            {
                visit(key, value);
            }
        };
        ulong root = BinaryPrimitives.ReadUInt64LittleEndian(header);
        if (root == 0)
        {
            WalkPage(header.AsSpan(BoltFormat.BucketLength), 0, each);
        }
        else
        {
            Walk(root, 0, each);
        }
    }

    private BoltMeta ReadMeta()
    {
        BoltMeta? newest = null;
        foreach (long offset in (ReadOnlySpan<long>)[0, 4096, 8192, 16384, 65536, 512, 1024, 2048, 32768])
        {
            if (offset + BoltFormat.PageHeaderLength + BoltFormat.MetaLength <= _length
                && BoltFormat.TryReadMeta(ReadAt(offset + BoltFormat.PageHeaderLength, BoltFormat.MetaLength)) is { } meta
                && (offset == 0 || offset == meta.PageBytes)
                && (newest is null || meta.Transaction > newest.Value.Transaction))
            {
                newest = meta;
            }
        }

        BoltMeta found = newest ?? throw new InvalidDataException("the file is no snapshot: it does not begin like a bbolt database");
        return found.PageCount <= (ulong)(_length / found.PageBytes) ? found : throw Damaged($"it should have {found.PageCount} pages of {found.PageBytes} bytes, but ends before");
    }

    private void Walk(ulong page, int depth, ElementVisitor visit)
    {
        if (page < 2 || page >= _meta.PageCount || depth > MaxDepth)
        {
            throw Damaged($"a tree leads to page {page}");
        }

        long offset = (long)page * _meta.PageBytes;
        int overflow = BinaryPrimitives.ReadInt32LittleEndian(ReadAt(offset + 12, 4));
        long length = ((long)overflow + 1) * _meta.PageBytes;
        if (overflow < 0 || length > MaxPageBytes || offset + length > _length)
        {
            throw Damaged($"page {page} is too long");
        }

        WalkPage(ReadAt(offset, (int)length), depth, visit);
    }

    private void WalkPage(ReadOnlySpan<byte> page, int depth, ElementVisitor visit)
    {
        if (page.Length < BoltFormat.PageHeaderLength)
        {
            throw Damaged("a page has no head");
        }

        ushort kind = BinaryPrimitives.ReadUInt16LittleEndian(page[8..]);
        int count = BinaryPrimitives.ReadUInt16LittleEndian(page[10..]);
        if (page.Length < BoltFormat.PageHeaderLength + (count * BoltFormat.ElementLength) || kind is not (BoltFormat.BranchPage or BoltFormat.LeafPage))
        {
            throw Damaged("a page of a tree is none");
        }

        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> element = page[(BoltFormat.PageHeaderLength + (i * BoltFormat.ElementLength))..];
            if (kind == BoltFormat.BranchPage)
            {
                Walk(BinaryPrimitives.ReadUInt64LittleEndian(element[8..]), depth + 1, visit);
                continue;
            }

            uint position = BinaryPrimitives.ReadUInt32LittleEndian(element[4..]);
            uint keyLength = BinaryPrimitives.ReadUInt32LittleEndian(element[8..]);
            uint valueLength = BinaryPrimitives.ReadUInt32LittleEndian(element[12..]);
            if ((ulong)position + keyLength + valueLength > (ulong)element.Length)
            {
                throw Damaged("an element points beyond its page");
            }

            ReadOnlySpan<byte> bytes = element[(int)position..];
            visit(BinaryPrimitives.ReadUInt32LittleEndian(element), bytes[..(int)keyLength], bytes.Slice((int)keyLength, (int)valueLength));
        }
    }

    private byte[] ReadAt(long offset, int length)
    {
        byte[] bytes = new byte[length];
        _file.Position = offset;
        try
        {
            _file.ReadExactly(bytes);
        }
        catch (EndOfStreamException)
        {
            throw Damaged("it ends too early");
        }

        return bytes;
    }

    private static InvalidDataException Damaged(string how) => new($"the snapshot is damaged: {how}");
}
