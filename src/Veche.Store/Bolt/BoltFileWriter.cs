using System.Buffers.Binary;
using System.Text;

namespace Veche.Store.Bolt;

/// <summary>What a file is to hold. Gone through twice, so it must not change.</summary>
internal interface IBoltContent
{
    /// <summary>Names of the buckets, in order of their bytes.</summary>
    IReadOnlyList<string> Buckets { get; }

    /// <summary>The pairs of a bucket, in order of keys.</summary>
    void Read(string bucket, IPairSink into);
}

/// <summary>
/// Writes a bbolt file from front to back. Its first pages say where the tree begins and how long the file is, so everything is written twice:
/// once into nothing, to learn that, and then for good. That takes time instead of memory.
/// </summary>
internal sealed class BoltFileWriter
{
    private const ulong Freelist = 2;
    private const ulong FirstPage = 3;
    private const ulong LastTransaction = 2;
    private readonly IBoltContent _content;
    private readonly ulong _root;
    private readonly ulong _pageCount;

    public BoltFileWriter(IBoltContent content)
    {
        _content = content;
        (_root, _pageCount) = WriteTrees(Stream.Null);
    }

    /// <summary>Length of the file.</summary>
    public long SizeBytes => checked((long)_pageCount * BoltPages.PageBytes);

    public void WriteTo(Stream destination)
    {
        // The first carries the even transaction, as bbolt has it; both say the same.
        WriteMeta(destination, 0, LastTransaction);
        WriteMeta(destination, 1, LastTransaction - 1);
        new BoltPages(destination, Freelist).Write(BoltFormat.FreelistPage, 0, default, default);
        if (WriteTrees(destination) != (_root, _pageCount))
        {
            throw new InvalidOperationException("The content has changed while it was written.");
        }
    }

    private (ulong Root, ulong PageCount) WriteTrees(Stream destination)
    {
        var pages = new BoltPages(destination, FirstPage);
        List<(string Name, ulong Page)> buckets = [];
        foreach (string name in _content.Buckets)
        {
            var tree = new BoltTree(pages);
            _content.Read(name, tree);
            buckets.Add((name, tree.Finish()));
        }

        var root = new BoltTree(pages);
        byte[] bucket = new byte[BoltFormat.BucketLength];
        foreach ((string name, ulong page) in buckets)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(bucket, page);
            root.Add(Encoding.UTF8.GetBytes(name), bucket, BoltFormat.BucketElement);
        }

        ulong rootPage = root.Finish();
        return (rootPage, pages.Next);
    }

    private void WriteMeta(Stream destination, ulong id, ulong transaction)
    {
        byte[] page = new byte[BoltPages.PageBytes];
        BoltFormat.WritePageHeader(page, id, BoltFormat.MetaPage, 0, 0);
        BoltFormat.WriteMeta(page.AsSpan(BoltFormat.PageHeaderLength), new BoltMeta(BoltPages.PageBytes, _root, Freelist, _pageCount, transaction));
        destination.Write(page);
    }
}
