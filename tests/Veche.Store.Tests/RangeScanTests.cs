using System.Buffers;
using System.Globalization;
using Google.Protobuf;
using Veche.Api;
using Veche.Store.Tests.Auth;
using static Veche.Store.Tests.StoreHarness;

namespace Veche.Store.Tests;

public sealed class RangeScanTests : IDisposable
{
    private const int BytesPerPiece = 64;

    private readonly StoreHarness _store = InMemory();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_pieces_together_are_what_a_range_answers(bool onDisk)
    {
        string directory = Directory.CreateTempSubdirectory("veche-scan").FullName;
        try
        {
            using StoreHarness store = onDisk ? new StoreHarness(KeyValueStore.Open(new StoreOptions { DataDirectory = directory })) : InMemory();
            var random = new Random(20);
            for (int i = 0; i < 300; i++)
            {
                string key = "k" + random.Next(120).ToString(CultureInfo.InvariantCulture);
                if (random.Next(4) == 0)
                {
                    store.Delete(key);
                }
                else
                {
                    store.Put(key, new string('v', random.Next(40)));
                }
            }

            store.Compact(50);
            long current = store.Store.CurrentRevision;
            int large = 0;
            int small = 0;
            for (int i = 0; i < 400; i++)
            {
                var request = new RangeRequest
                {
                    Key = B("k" + random.Next(120).ToString(CultureInfo.InvariantCulture)),
                    RangeEnd = random.Next(4) switch { 0 => ByteString.Empty, 1 => B("\0"), 2 => B("l"), _ => B("k" + random.Next(120).ToString(CultureInfo.InvariantCulture)) },
                    Limit = random.Next(3) == 0 ? random.Next(50) : 0,
                    Revision = random.Next(2) == 0 ? random.NextInt64(50, current + 1) : 0,
                    KeysOnly = random.Next(4) == 0,
                    CountOnly = random.Next(10) == 0,
                    SortOrder = (RangeRequest.Types.SortOrder)random.Next(2),
                };
                RangeResponse expected = store.Store.Range(request);
                Assert.Equal(expected, Merged(store.Store, request, out _));
                if (store.Store.RangeWithin(BytesPerPiece, request) is null)
                {
                    large++;
                    Assert.True(expected.Kvs.Sum(static kv => kv.Key.Length + kv.Value.Length) > BytesPerPiece);
                    Assert.Equal(expected.ToByteArray(), Message(store.Store, request, maxBeginningBytes: random.Next(3) * 150));
                }
                else
                {
                    small++;
                    Assert.Equal(expected, store.Store.RangeWithin(BytesPerPiece, request));
                }
            }

            Assert.True(large > 20 && small > 20, $"{large} large, {small} small");
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Fact]
    public void What_happens_meanwhile_does_not_show_in_a_message_either()
    {
        Fill(50);
        byte[] before = _store.Store.Range(All()).ToByteArray();
        using RangeMessage message = _store.Store.OpenRangeMessage(All());
        Assert.Throws<InvalidOperationException>(() => message.WriteNext(new ArrayBufferWriter<byte>(), 1));
        message.MaxBeginningBytes = 100;
        Assert.Equal(before.Length, message.Measure());
        var written = new ArrayBufferWriter<byte>();
        int pieces = 0;
        do
        {
            pieces++;
            _store.Put("k" + pieces.ToString("D3", CultureInfo.InvariantCulture), "changed");
            _store.Delete("k000");
            _store.Compact(_store.Store.CurrentRevision);
            while (_store.Store.ReclaimSlice(1000))
            {
            }
        }
        while (message.WriteNext(written, BytesPerPiece));
        Assert.Equal(before, written.WrittenSpan.ToArray());
        Assert.InRange(pieces, 50 * 13 / (BytesPerPiece + 50), 50);
    }

    [Fact]
    public void A_piece_is_no_larger_than_asked_by_more_than_one_key()
    {
        Fill(100);
        Merged(_store.Store, All(), out List<RangeResponse> pieces);
        Assert.True(pieces.Count > 100 * 13 / (BytesPerPiece + 13));
        Assert.All(pieces, static piece => Assert.InRange(piece.Kvs.Sum(static kv => kv.Key.Length + kv.Value.Length), 1, BytesPerPiece + 13));
        Assert.All(pieces.SkipLast(1), static piece => Assert.True(piece is { Header: null, Count: 0, More: false }));
        Assert.Equal((101L, 100L), (pieces[^1].Header.Revision, pieces[^1].Count));
    }

    [Fact]
    public void What_happens_meanwhile_does_not_show()
    {
        Fill(50);
        RangeResponse before = _store.Store.Range(All());
        using RangeScan scan = _store.Store.OpenRange(All());
        var merged = new RangeResponse();
        while (!scan.IsComplete)
        {
            merged.MergeFrom(scan.Next(BytesPerPiece));
            _store.Put("k" + merged.Kvs.Count.ToString("D3", CultureInfo.InvariantCulture), "changed");
            _store.Delete("k000");
            _store.Compact(_store.Store.CurrentRevision);
            while (_store.Store.ReclaimSlice(1000))
            {
            }
        }

        Assert.Equal(before, merged);
        Assert.Throws<InvalidOperationException>(() => scan.Next(BytesPerPiece));
    }

    [Fact]
    public void What_needs_all_of_it_first_is_refused_with_etcds_text()
    {
        Fill(3);
        Assert.Equal("RangeStream does not support custom sort orders", Refused(static r => (r.SortOrder, r.MinModRevision) = (RangeRequest.Types.SortOrder.Descend, 1)));
        Assert.Equal("RangeStream does not support custom sort orders", Refused(static r => (r.SortOrder, r.SortTarget) = (RangeRequest.Types.SortOrder.Ascend, RangeRequest.Types.SortTarget.Mod)));
        Assert.Equal("RangeStream does not support revision filters", Refused(static r => r.MaxCreateRevision = 1));
        Assert.Equal(StoreErrors.EmptyKey.Message, Refused(static r => r.Key = ByteString.Empty));
        Assert.Equal(StoreErrors.FutureRevision.Message, Refused(static r => r.Revision = 99));
        _store.Compact(4);
        Assert.Equal(StoreErrors.Compacted.Message, Refused(static r => r.Revision = 3));

        // No order: that of the keys, whatever the target says.
        RangeRequest natural = All();
        natural.SortTarget = RangeRequest.Types.SortTarget.Value;
        Assert.Equal(_store.Store.Range(All()), Merged(_store.Store, natural, out _));
    }

    [Fact]
    public void Who_may_not_read_may_not_read_it_in_pieces()
    {
        using StoreHarness store = AuthCommands.Enabled();
        Assert.Equal(StoreErrorCode.PermissionDenied, Assert.Throws<StoreException>(() => store.Store.OpenRange(All(), store.By("alice"))).Error.Code);
        Assert.Throws<StoreException>(() => store.Store.OpenRange(All()));
        Assert.Equal(StoreErrorCode.PermissionDenied, Assert.Throws<StoreException>(() => store.Store.OpenRangeMessage(All(), store.By("alice"))).Error.Code);
        Assert.Throws<StoreException>(() => store.Store.OpenRangeMessage(All()));
        using RangeScan scan = store.Store.OpenRange(new RangeRequest { Key = B("a"), RangeEnd = B("c") }, store.By("alice"));
        Assert.Equal(0, scan.Next(BytesPerPiece).Count);
    }

    public void Dispose() => _store.Dispose();

    private static RangeRequest All() => new() { Key = B("\0"), RangeEnd = B("\0") };

    private static byte[] Message(KeyValueStore store, RangeRequest request, int maxBeginningBytes)
    {
        using RangeMessage message = store.OpenRangeMessage(request);
        message.MaxBeginningBytes = maxBeginningBytes;
        message.Measure();
        var written = new ArrayBufferWriter<byte>();
        while (message.WriteNext(written, BytesPerPiece))
        {
        }

        return written.WrittenSpan.ToArray();
    }

    private static RangeResponse Merged(KeyValueStore store, RangeRequest request, out List<RangeResponse> pieces)
    {
        using RangeScan scan = store.OpenRange(request);
        var merged = new RangeResponse();
        pieces = [];
        while (!scan.IsComplete)
        {
            pieces.Add(scan.Next(BytesPerPiece));
            merged.MergeFrom(pieces[^1]);
        }

        return merged;
    }

    private void Fill(int keys)
    {
        for (int i = 0; i < keys; i++)
        {
            _store.Put("k" + i.ToString("D3", CultureInfo.InvariantCulture), "123456789");
        }
    }

    private string Refused(Action<RangeRequest> change)
    {
        RangeRequest request = All();
        change(request);
        return Assert.Throws<StoreException>(() => _store.Store.OpenRange(request)).Error.Message;
    }
}
