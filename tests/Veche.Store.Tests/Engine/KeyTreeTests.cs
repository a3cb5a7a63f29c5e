using Veche.Store.Engine;

namespace Veche.Store.Tests.Engine;

public sealed class KeyTreeTests
{
    private static readonly Comparer<byte[]> Order = Comparer<byte[]>.Create(static (left, right) => left.AsSpan().SequenceCompareTo(right));

    /// <summary>Against a sorted dictionary, with copies taken on the way that must not change, and be walked alike from anywhere.</summary>
    [Theory]
    [InlineData(1, 40)]
    [InlineData(2, 3000)]
    [InlineData(3, 100_000)]
    public void Does_what_a_sorted_dictionary_does_and_so_do_its_copies(int seed, int keys)
    {
        var random = new Random(seed);
        var tree = new KeyTree();
        var expected = new SortedDictionary<byte[], byte[]>(Order);
        List<(KeyTree Copy, List<KeyValuePair<byte[], byte[]>> Was)> copies = [];
        for (int step = 0; step < 20_000; step++)
        {
            byte[] key = Key(random.Next(keys));
            if (random.Next(5) < 2)
            {
                tree.Remove(key);
                expected.Remove(key);
            }
            else
            {
                byte[] value = new byte[random.Next(20)];
                tree.Set(key, value);
                expected[key] = value;
            }

            if (random.Next(2000) == 0)
            {
                copies.Add((tree.Copy(), [.. expected]));
            }

            if (step % 500 == 0)
            {
                byte[] wanted = Key(random.Next(keys));
                Assert.Equal(expected.GetValueOrDefault(wanted), tree.Get(wanted));
                Assert.Equal(expected.Sum(static pair => pair.Key.Length + pair.Value.Length), tree.Bytes);
            }
        }

        copies.Add((tree, [.. expected]));
        foreach ((KeyTree copy, List<KeyValuePair<byte[], byte[]>> was) in copies)
        {
            AssertWalks(copy, was, random, keys);
        }

        // A copy may be changed as well, and the one it was taken from stays as it is.
        KeyTree last = tree.Copy();
        foreach (KeyValuePair<byte[], byte[]> pair in copies[^1].Was)
        {
            last.Remove(pair.Key);
        }

        Assert.Equal(0, last.Bytes);
        AssertWalks(last, [], random, keys);
        AssertWalks(tree, copies[^1].Was, random, keys);
    }

    private static void AssertWalks(KeyTree tree, List<KeyValuePair<byte[], byte[]>> expected, Random random, int keys)
    {
        var cursor = new KeyTree.Cursor(tree);
        int count = 0;
        for (cursor.Seek([]); cursor.IsValid; cursor.Next())
        {
            Assert.True(cursor.Key.SequenceEqual(expected[count].Key));
            Assert.True(cursor.Value.SequenceEqual(expected[count].Value));
            count++;
        }

        Assert.Equal(expected.Count, count);
        for (int look = 0; look < 200; look++)
        {
            byte[] key = Key(random.Next(keys));
            int at = expected.FindIndex(pair => Order.Compare(pair.Key, key) >= 0);
            cursor.Seek(key);
            Assert.Equal(at >= 0, cursor.IsValid);
            if (at >= 0)
            {
                Assert.True(cursor.Key.SequenceEqual(expected[at].Key));
            }

            int before = expected.FindLastIndex(pair => Order.Compare(pair.Key, key) <= 0);
            cursor.SeekForPrevious(key);
            Assert.Equal(before >= 0, cursor.IsValid);
            if (before >= 0)
            {
                Assert.True(cursor.Key.SequenceEqual(expected[before].Key));
                cursor.Next();
                Assert.Equal(before + 1 < expected.Count, cursor.IsValid);
            }
        }
    }

    private static byte[] Key(int number) => System.Text.Encoding.ASCII.GetBytes(number % 3 == 0 ? $"k{number}" : $"k{number / 3:d6}");
}
