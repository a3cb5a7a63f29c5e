using Veche.Api;
using Veche.Api.Commands;
using Veche.Store.Watching;
using static Veche.Store.Tests.StoreHarness;

namespace Veche.Store.Tests.Watching;

/// <summary>The nine guarantees of a watch: ordered, unique, atomic, reliable, resumable, bookmarkable, previous values, creations, filters.</summary>
public sealed class WatchTests : IDisposable
{
    private readonly StoreHarness _store = InMemory();
    private readonly WatchHub _hub;
    private readonly WatchStream _stream;
    private int _wakes;

    public WatchTests()
    {
        _hub = new WatchHub(_store.Store);
        _store.Store.EventSink = _hub;
        _stream = _hub.OpenStream(() => _wakes++, 1 << 20);
    }

    [Fact]
    public void The_answer_comes_first_then_what_happens()
    {
        Create("a");
        _store.Put("a", "1");
        _store.Put("b", "1");
        List<WatchResponse> responses = Pump();
        Assert.True(responses[0] is { Created: true, WatchId: 0 });
        Assert.Equal("put a=1@2", Events(responses));
        Assert.Equal(1, _wakes);
    }

    [Fact]
    public void A_watch_from_the_past_continues_into_the_present_without_gap_or_repeat()
    {
        _store.Put("a", "1");
        _store.Put("a", "2");
        _store.Delete("a");
        Create("a", startRevision: 3);
        _store.Put("a", "3");
        string seen = Events(Pump());
        _store.Put("a", "4");
        Assert.Equal("put a=2@3 delete a=@4 put a=3@5 put a=4@6", seen + " " + Events(Pump()));
    }

    [Fact]
    public void A_watch_of_the_future_waits_for_it()
    {
        Create("a", startRevision: 4);
        _store.Put("a", "1");
        _store.Put("a", "2");
        _store.Put("a", "3");
        Assert.Equal("put a=3@4", Events(Pump()));
    }

    [Fact]
    public void All_of_a_revision_comes_together_and_with_what_was_before()
    {
        _store.Put("a", "0");
        Create("a", "c", more: static request => request.PrevKv = true);
        Pump();
        _store.Txn(new TxnRequest
        {
            Success =
            {
                new RequestOp { RequestPut = new PutRequest { Key = B("b"), Value = B("1") } },
                new RequestOp { RequestPut = new PutRequest { Key = B("a"), Value = B("1") } },
            },
        });
        WatchResponse response = Assert.Single(Pump());
        Assert.Equal(["b", "a"], response.Events.Select(static e => e.Kv.Key.ToStringUtf8()));
        Assert.Null(response.Events[0].PrevKv);
        Assert.Equal("0", response.Events[1].PrevKv.Value.ToStringUtf8());
    }

    [Fact]
    public void Filters_drop_exactly_what_they_say()
    {
        Create("a", more: static request => request.Filters.Add(WatchCreateRequest.Types.FilterType.Noput));
        Create("a", more: static request => request.Filters.Add(WatchCreateRequest.Types.FilterType.Nodelete));
        _store.Put("a", "1");
        _store.Delete("a");
        ILookup<long, Event> events = Pump().SelectMany(static r => r.Events.Select(e => (r.WatchId, e))).ToLookup(static pair => pair.WatchId, static pair => pair.e);
        Assert.Equal(Event.Types.EventType.Delete, Assert.Single(events[0]).Type);
        Assert.Equal(Event.Types.EventType.Put, Assert.Single(events[1]).Type);
    }

    [Fact]
    public void A_compacted_start_is_told_and_ended()
    {
        _store.Put("a", "1");
        _store.Put("a", "2");
        _store.Put("a", "3");
        _store.Compact(3);
        Create("a", startRevision: 2);
        WatchResponse canceled = Pump()[1];
        Assert.True(canceled is { Canceled: true, CompactRevision: 3, CancelReason: "" });
        Assert.Equal(0, canceled.Header.Revision);
    }

    [Fact]
    public void What_cannot_be_watched_is_refused()
    {
        Create("b", "a");
        Create("a", startRevision: -1);
        Create("a", more: static request => request.WatchId = 5);
        Create("a", more: static request => request.WatchId = 5);
        List<WatchResponse> responses = Pump();
        Assert.Equal("mvcc: watcher range is empty", responses[0].CancelReason);
        Assert.True(responses[1] is { WatchId: -1, Created: true, Canceled: true });
        Assert.True(responses[2] is { WatchId: 5, Created: true, Canceled: false });
        Assert.Equal("mvcc: duplicate watch ID provided on the WatchStream", responses[3].CancelReason);
    }

    [Fact]
    public void A_canceled_watch_is_silent()
    {
        Create("a");
        Pump();
        _stream.Cancel(0);
        _store.Put("a", "1");
        Assert.True(Assert.Single(Pump()) is { Canceled: true, WatchId: 0, CompactRevision: 0 });
    }

    [Fact]
    public void Progress_is_never_ahead_of_what_was_given()
    {
        Create("a");
        _store.Put("a", "1");
        _store.Put("b", "1");
        _stream.RequestProgress();
        List<WatchResponse> responses = Pump();
        Assert.Equal(-1, responses[^1].WatchId);
        Assert.Equal(3, responses[^1].Header.Revision);
        Assert.Single(responses[^2].Events);
    }

    [Fact]
    public void Large_revisions_are_cut_only_for_those_who_ask()
    {
        using WatchStream small = _hub.OpenStream(static () => { }, 100);
        small.Create(new WatchCreateRequest { Key = B("a"), RangeEnd = B("b"), Fragment = true });
        small.Create(new WatchCreateRequest { Key = B("a"), RangeEnd = B("b") });
        var txn = new TxnRequest();
        for (int i = 0; i < 10; i++)
        {
            txn.Success.Add(new RequestOp { RequestPut = new PutRequest { Key = B($"a{i}"), Value = B("0123456789") } });
        }

        _store.Txn(txn);
        List<WatchResponse> responses = [];
        small.Pump(responses);
        List<WatchResponse> parts = [.. responses.Where(static r => r.WatchId == 0 && r.Events.Count > 0)];
        Assert.True(parts.Count > 1 && parts[..^1].All(static part => part.Fragment) && !parts[^1].Fragment);
        Assert.Equal(10, parts.Sum(static part => part.Events.Count));
        Assert.Equal(10, Assert.Single(responses, static r => r.WatchId == 1 && r.Events.Count > 0).Events.Count);
    }

    /// <summary>Random histories, pumps at random moments, streams that fall behind: each watcher gets exactly what the history says.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Every_watcher_gets_exactly_its_part_of_the_history(int seed)
    {
        var random = new Random(seed);
        List<(WatchStream Stream, long Start, string Key, string End, List<string> Seen)> watchers = [];
        List<WatchStream> streams = [];
        for (int round = 0; round < 300; round++)
        {
            if (random.Next(6) == 0 && watchers.Count < 30)
            {
                WatchStream stream = _hub.OpenStream(static () => { }, 1 << 20);
                string key = "k" + random.Next(8);
                string end = random.Next(2) == 0 ? string.Empty : "\0";
                long start = random.Next(3) == 0 ? 0 : random.NextInt64(2, _store.Store.CurrentRevision + 5);
                watchers.Add((stream, start == 0 ? _store.Store.CurrentRevision + 1 : start, key, end, []));
                stream.Create(new WatchCreateRequest { Key = B(key), RangeEnd = B(end), StartRevision = start });
            }

            _store.DoAll([StoreHarness.PutOf("k1", "v"), .. RandomCommands.Make(random, random.Next(10)).Where(static command => command.BodyCase != Command.BodyOneofCase.Compact)]);
            foreach ((WatchStream stream, _, _, _, List<string> seen) in watchers)
            {
                if (random.Next(4) == 0)
                {
                    PumpInto(stream, seen, once: true);
                }

                if (random.Next(100) == 0)
                {
                    _hub.Reset();
                }
            }
        }

        List<Event> all = [];
        _store.Store.ReadEvents(B("\0"), B("\0"), 1, _store.Store.CurrentRevision, int.MaxValue, all);
        foreach ((WatchStream stream, long start, string key, string end, List<string> seen) in watchers)
        {
            PumpInto(stream, seen, once: false);
            Assert.Equal(
                all.Where(e => e.Kv.ModRevision >= start && (end.Length == 0 ? e.Kv.Key == B(key) : e.Kv.Key.Span.SequenceCompareTo(B(key).Span) >= 0)).Select(Text),
                seen);
            stream.Dispose();
        }
    }

    public void Dispose()
    {
        _stream.Dispose();
        _store.Dispose();
    }

    private static void PumpInto(WatchStream stream, List<string> seen, bool once)
    {
        List<WatchResponse> responses = [];
        while (stream.Pump(responses) && !once)
        {
        }

        seen.AddRange(responses.SelectMany(static response => response.Events).Select(Text));
    }

    private static string Text(Event e) => $"{(e.Type == Event.Types.EventType.Put ? "put" : "delete")} {e.Kv.Key.ToStringUtf8()}={e.Kv.Value.ToStringUtf8()}@{e.Kv.ModRevision}";

    private static string Events(List<WatchResponse> responses) => string.Join(' ', responses.SelectMany(static response => response.Events).Select(Text));

    private void Create(string key, string end = "", long startRevision = 0, Action<WatchCreateRequest>? more = null)
    {
        var request = new WatchCreateRequest { Key = B(key), RangeEnd = B(end), StartRevision = startRevision };
        more?.Invoke(request);
        _stream.Create(request);
    }

    private List<WatchResponse> Pump()
    {
        List<WatchResponse> responses = [];
        while (_stream.Pump(responses))
        {
        }

        return responses;
    }
}
