using System.Globalization;
using Google.Protobuf;
using Veche.Api;
using static Veche.Store.Tests.StoreHarness;

namespace Veche.Store.Tests;

/// <summary>Long ranges, page by page, now and in the past: what each page says of what is left, and that it is the truth.</summary>
public sealed class PagingTests : IDisposable
{
    private readonly StoreHarness _store = InMemory();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Every_page_counts_what_is_there_at_its_revision(bool writesGoOn)
    {
        for (int i = 0; i < 50; i++)
        {
            _store.Put(Key(i), "1");
        }

        long revision = _store.Store.CurrentRevision;
        var request = new RangeRequest { Key = B("k"), RangeEnd = B("l"), Limit = 7 };
        List<string> read = [];
        for (int page = 0; ; page++)
        {
            RangeResponse response = _store.Store.Range(request);
            Assert.Equal(50 - read.Count, response.Count);
            Assert.Equal(read.Count + response.Kvs.Count < 50, response.More);
            read.AddRange(response.Kvs.Select(static kv => kv.Key.ToStringUtf8()));
            if (!response.More)
            {
                break;
            }

            if (writesGoOn)
            {
                _store.Delete(Key(49 - page));
                _store.Put(Key(100 + page), "2");
                _store.Put(Key(page), "2");
            }

            request.Revision = revision;
            request.Key = ByteString.CopyFrom([.. response.Kvs[^1].Key.Span, 0]);
        }

        Assert.Equal(Enumerable.Range(0, 50).Select(Key), read);
    }

    [Fact]
    public void A_page_that_was_remembered_is_not_taken_for_one_of_another_revision_or_range()
    {
        for (int i = 0; i < 10; i++)
        {
            _store.Put(Key(i), "1");
        }

        Assert.Equal(10, _store.Range("k", "l", static r => r.Limit = 2).Count);
        string next = Key(1) + "\0";
        Assert.Equal(8, _store.Range(next, "l", static r => r.Limit = 2).Count);
        Assert.Equal(3, _store.Range(next, Key(5), static r => r.Limit = 2).Count);
        _store.Delete(Key(9));
        Assert.Equal(7, _store.Range(next, "l", static r => r.Limit = 2).Count);
        long now = _store.Store.CurrentRevision;
        Assert.Equal(8, _store.Range(next, "l", r => (r.Limit, r.Revision) = (2, now - 1)).Count);
    }

    [Fact]
    public void Keys_with_many_versions_are_found_at_every_revision()
    {
        var random = new Random(4);
        List<(long Revision, string State)> states = [];
        SortedDictionary<string, string> model = new(StringComparer.Ordinal);
        for (int i = 0; i < 300; i++)
        {
            // One of the keys has most of the versions, and one has zeros in it.
            string key = random.Next(3) > 0 ? "m" : random.Next(4) switch { 0 => "a", 1 => "m\0", 2 => "m\0\0b", _ => "z" };
            if (random.Next(4) == 0)
            {
                _store.Delete(key);
                model.Remove(key);
            }
            else
            {
                string value = i.ToString(CultureInfo.InvariantCulture);
                _store.Put(key, value);
                model[key] = value;
            }

            states.Add((_store.Store.CurrentRevision, string.Join(' ', model.Select(static pair => $"{pair.Key}={pair.Value}"))));
        }

        foreach ((long revision, string state) in states)
        {
            Assert.Equal(state, _store.Keys("\0", "\0", r => r.Revision = revision));
            Assert.Equal(state.Length == 0 ? 0 : state.Split(' ').Length, _store.Range("\0", "\0", r => (r.Revision, r.CountOnly) = (revision, true)).Count);
        }
    }

    public void Dispose() => _store.Dispose();

    private static string Key(int number) => "k" + number.ToString("D3", CultureInfo.InvariantCulture);
}
