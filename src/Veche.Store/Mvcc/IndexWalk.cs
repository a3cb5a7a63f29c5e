using Veche.Store.Engine;

namespace Veche.Store.Mvcc;

/// <summary>Which version of each key was the newest at a revision, from the index alone.</summary>
internal static class IndexWalk
{
    /// <summary>Versions of one key that are stepped over before the engine is asked to jump: a jump costs about as much as so many steps.</summary>
    private const int MaxSteps = 8;

    /// <summary>Calls for each key of a range that was there at a revision, in order of keys, with where in the history it is, until it answers false.</summary>
    public static void ForEachAt(IEngineView view, KeyRange range, long revision, Func<Revision, bool> visit)
    {
        using IEngineIterator iterator = view.OpenIterator();
        byte[] group = new byte[KeyLayout.MaxIndexLength(range.Key.Length)];
        byte[] key = new byte[group.Length];
        int prefix = KeyLayout.WriteIndexPrefix(group, range.Key.Span);

        // Without the end mark, so that the first key at or after this one is found.
        iterator.Seek(group.AsSpan(0, prefix - 2));
        while (iterator.IsValid && iterator.Key[0] == KeyLayout.Index)
        {
            ReadOnlySpan<byte> first = iterator.Key;
            prefix = first.Length - KeyLayout.RevisionSuffixLength;
            if (group.Length < first.Length)
            {
                group = new byte[2 * first.Length];
                key = new byte[group.Length];
            }

            first.CopyTo(group);
            ReadOnlySpan<byte> userKey = key.AsSpan(0, KeyLayout.ReadIndexUserKey(first, key));
            bool isBefore = userKey.SequenceCompareTo(range.Key.Span) < 0;
            if (!isBefore && !range.IsBeforeEnd(userKey))
            {
                return;
            }

            if (NewestOfGroup(iterator, group.AsSpan(0, first.Length), prefix, revision) is { } newest && !isBefore && !visit(newest))
            {
                return;
            }
        }
    }

    /// <summary>The newest version of the key that the walk has reached, unless it is none or a tombstone. Leaves the walk at the next key.</summary>
    private static Revision? NewestOfGroup(IEngineIterator iterator, Span<byte> group, int prefix, long revision)
    {
        Revision? newest = null;
        for (int steps = 0; IsIn(iterator, group, prefix); steps++)
        {
            if (steps == MaxSteps)
            {
                iterator.SeekForPrevious(KeyLayout.WithRevision(group, new Revision(revision, long.MaxValue)));
                newest = IsIn(iterator, group, prefix) ? Live(iterator) : null;
                iterator.Seek(KeyLayout.WithRevision(group, new Revision(-1, -1)));
                break;
            }

            if (KeyLayout.ReadIndexRevision(iterator.Key).Main <= revision)
            {
                newest = Live(iterator);
            }

            iterator.Next();
        }

        return newest;
    }

    private static Revision? Live(IEngineIterator iterator) => iterator.Value[0] == 0 ? KeyLayout.ReadIndexRevision(iterator.Key) : null;

    private static bool IsIn(IEngineIterator iterator, ReadOnlySpan<byte> group, int prefix) =>
        iterator.IsValid && iterator.Key.Length == group.Length && iterator.Key[..prefix].SequenceEqual(group[..prefix]);
}
