using Google.Protobuf;
using Veche.Api;
using Veche.Store.Mvcc;
using Veche.Store.Watching;

namespace Veche.Store.Tests.Watching;

public sealed class RangeGroupsTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_key_finds_exactly_the_watchers_of_ranges_around_it(int seed)
    {
        var random = new Random(seed);
        var groups = new RangeGroups();
        List<Watcher> there = [];
        for (int i = 0; i < 3000; i++)
        {
            // Grows at first, and shrinks to almost nothing later.
            if (random.Next(100) < (i < 1500 ? 60 : 35) || there.Count == 0)
            {
                Watcher watcher = RandomWatcher(random, i);
                groups.Add(watcher);
                there.Add(watcher);
            }
            else
            {
                Watcher gone = there[random.Next(there.Count)];
                groups.Remove(gone);
                there.Remove(gone);
            }

            byte[] key = RandomKey(random);
            HashSet<Watcher> found = [];
            groups.ForEach(key, watchers => Assert.All(watchers, watcher => Assert.True(found.Add(watcher))));
            Assert.True(found.SetEquals(there.Where(watcher => new KeyRange(watcher.Key, watcher.RangeEnd).Contains(key))));
        }
    }

    private static Watcher RandomWatcher(Random random, int id)
    {
        ByteString key = ByteString.CopyFrom(RandomKey(random));
        ByteString end;
        do
        {
            end = random.Next(10) == 0 ? ByteString.CopyFrom(0) : ByteString.CopyFrom(RandomKey(random));
        }
        while (!(end.Length == 1 && end[0] == 0) && end.Span.SequenceCompareTo(key.Span) <= 0);
        return new Watcher(null!, id, key, end, new WatchCreateRequest(), 1);
    }

    private static byte[] RandomKey(Random random)
    {
        byte[] key = new byte[1 + random.Next(2)];
        random.NextBytes(key);
        key[0] = (byte)(1 + (key[0] % 20));
        return key;
    }
}
