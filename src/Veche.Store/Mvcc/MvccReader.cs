using System.Buffers;
using Veche.Api;
using Veche.Store.Engine;

namespace Veche.Store.Mvcc;

/// <summary>Key-values as of a revision, from one view of the engine.</summary>
internal static class MvccReader
{
    /// <summary>The current key-value, or null.</summary>
    public static KeyValue? Current(IEngineView view, ReadOnlySpan<byte> key)
    {
        byte[]? rented = null;
        Span<byte> room = KeyLayout.CurrentLength(key.Length) <= 256 ? stackalloc byte[256] : rented = ArrayPool<byte>.Shared.Rent(KeyLayout.CurrentLength(key.Length));
        byte[]? value = view.Get(KeyLayout.WriteCurrent(room, key));
        if (rented is not null)
        {
            ArrayPool<byte>.Shared.Return(rented);
        }

        return value is null ? null : KeyValue.Parser.ParseFrom(value);
    }

    /// <summary>The key-value as it was at a revision, or null.</summary>
    public static KeyValue? At(IEngineView view, ReadOnlySpan<byte> key, long revision)
    {
        using IEngineIterator iterator = view.OpenIterator();
        return At(view, iterator, key, revision);
    }

    /// <summary>Calls for each current key-value of a range, in order, until it answers false.</summary>
    public static void ForEachCurrent(IEngineView view, KeyRange range, Func<KeyValue, bool> visit) =>
        ForEachEncoded(view, range, keyValue => visit(KeyValue.Parser.ParseFrom(keyValue)));

    /// <summary>Gets a key-value in etcd's encoding, whose bytes are only valid during the call, and answers whether it wants the next.</summary>
    public delegate bool EncodedVisitor(ReadOnlySpan<byte> keyValue);

    /// <summary>The same with each as it is kept.</summary>
    public static void ForEachEncoded(IEngineView view, KeyRange range, EncodedVisitor visit)
    {
        using IEngineIterator iterator = view.OpenIterator();
        byte[] from = new byte[KeyLayout.CurrentLength(range.Key.Length)];
        for (iterator.Seek(KeyLayout.WriteCurrent(from, range.Key.Span)); iterator.IsValid; iterator.Next())
        {
            ReadOnlySpan<byte> key = iterator.Key;
            if (key[0] != KeyLayout.Current || !range.IsBeforeEnd(key[1..]) || !visit(iterator.Value))
            {
                return;
            }
        }
    }

    /// <summary>Number of current keys in a range.</summary>
    public static long CountCurrent(IEngineView view, KeyRange range)
    {
        using IEngineIterator iterator = view.OpenIterator();
        byte[] from = new byte[KeyLayout.CurrentLength(range.Key.Length)];
        long count = 0;
        for (iterator.Seek(KeyLayout.WriteCurrent(from, range.Key.Span)); iterator.IsValid; iterator.Next())
        {
            ReadOnlySpan<byte> key = iterator.Key;
            if (key[0] != KeyLayout.Current || !range.IsBeforeEnd(key[1..]))
            {
                break;
            }

            count++;
        }

        return count;
    }

    /// <summary>Calls for each key-value of a range as of a revision, in order of keys, until it answers false.</summary>
    public static void ForEachAt(IEngineView view, KeyRange range, long revision, Func<KeyValue, bool> visit) =>
        ForEachEncodedAt(view, range, revision, keyValue => visit(KeyValue.Parser.ParseFrom(keyValue)));

    /// <summary>The same with each as it is kept.</summary>
    public static void ForEachEncodedAt(IEngineView view, KeyRange range, long revision, EncodedVisitor visit)
    {
        byte[] history = new byte[KeyLayout.MaxHistoryLength];
        IndexWalk.ForEachAt(view, range, revision, at =>
        {
            byte[]? value = view.Get(KeyLayout.WriteHistory(history, at, tombstone: false));
            return value is null || visit(value);
        });
    }

    /// <summary>Number of keys in a range as of a revision. Reads no values.</summary>
    public static long CountAt(IEngineView view, KeyRange range, long revision)
    {
        long count = 0;
        IndexWalk.ForEachAt(view, range, revision, _ =>
        {
            count++;
            return true;
        });
        return count;
    }

    /// <summary>Gets a change, and answers whether it wants the next. The bytes are a key-value in etcd's encoding, and only valid during the call.</summary>
    public delegate bool ChangeVisitor(Revision revision, bool tombstone, ReadOnlySpan<byte> keyValue);

    /// <summary>Calls for each change from one revision through another, in order, until it answers false.</summary>
    public static void ForEachChange(IEngineView view, long fromRevision, long throughRevision, ChangeVisitor visit)
    {
        using IEngineIterator iterator = view.OpenIterator();
        Span<byte> from = stackalloc byte[KeyLayout.MaxHistoryLength];
        for (iterator.Seek(KeyLayout.WriteHistory(from, new Revision(fromRevision, 0), tombstone: false)); iterator.IsValid; iterator.Next())
        {
            ReadOnlySpan<byte> key = iterator.Key;
            if (key[0] != KeyLayout.History)
            {
                return;
            }

            Revision revision = Revision.Read(key[1..], out bool tombstone);
            if (revision.Main > throughRevision || !visit(revision, tombstone, iterator.Value))
            {
                return;
            }
        }
    }

    private static KeyValue? At(IEngineView view, IEngineIterator iterator, ReadOnlySpan<byte> key, long revision)
    {
        byte[] rented = ArrayPool<byte>.Shared.Rent(KeyLayout.MaxIndexLength(key.Length));
        try
        {
            ReadOnlySpan<byte> newest = KeyLayout.WriteIndex(rented, key, new Revision(revision, long.MaxValue));
            iterator.SeekForPrevious(newest);
            int prefix = newest.Length - KeyLayout.RevisionSuffixLength;
            if (!iterator.IsValid || iterator.Key.Length != newest.Length || !iterator.Key[..prefix].SequenceEqual(newest[..prefix]) || iterator.Value[0] != 0)
            {
                return null;
            }

            Span<byte> history = stackalloc byte[KeyLayout.MaxHistoryLength];
            byte[]? value = view.Get(KeyLayout.WriteHistory(history, KeyLayout.ReadIndexRevision(iterator.Key), tombstone: false));
            return value is null ? null : KeyValue.Parser.ParseFrom(value);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }
}
