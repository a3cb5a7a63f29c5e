using Veche.Checking.Watching;

namespace Veche.Checking.Tests.Rules;

public sealed class WatchTests
{
    private static readonly TrueLog Log = new(
    [
        new(2, "a", "1"), new(3, "b", "1"), new(4, "a", "2"), new(5, "a", null), new(5, "b", "2"), new(6, "x", "1"), new(7, "a", "3"),
    ]);

    private static readonly WatchedEvent A2 = new(2, "a", "1", true);
    private static readonly WatchedEvent B3 = new(3, "b", "1", true);
    private static readonly WatchedEvent A4 = new(4, "a", "2", false) { Previous = "1" };
    private static readonly WatchedEvent A5 = new(5, "a", null, false) { Previous = "2" };
    private static readonly WatchedEvent B5 = new(5, "b", "2", false) { Previous = "1" };
    private static readonly WatchedEvent A7 = new(7, "a", "3", true);

    [Fact]
    public void What_truly_happened_in_order_is_valid()
    {
        Assert.Empty(Broken(Both(), On(2, A2), On(4, B3, A4), Bookmark(4), On(5, A5, B5), On(7, A7), Bookmark(7)));
        Assert.Empty(Broken(Both() with { StartRevision = 4, ExpectedThrough = 7 }, On(4, A4), On(5, A5, B5), On(7, A7)));
        Assert.Empty(Broken(Both() with { NoDelete = true }, On(2, A2), On(3, B3), On(4, A4), On(5, B5)));
        Assert.Empty(Broken(Both() with { NoPut = true }, On(5, A5)));
        Assert.Empty(Broken(Both(), On(2, A2), On(3, B3), On(4, A4), On(5, A5) with { IsFragment = true }, On(5, B5)));
        Assert.Empty(Broken(Both(), On(2, A2), On(3, B3), On(4, A4), On(5, A5) with { IsFragment = true }));
        Assert.Empty(Broken(new WatchRecord { Name = "w", Key = "b", RangeEnd = "\0", StartRevision = 5, Responses = [] }, On(5, B5 with { Previous = null }), On(6, new WatchedEvent(6, "x", "1", true))));
    }

    [Theory]
    [MemberData(nameof(BrokenStreams))]
    public void Each_guarantee_has_a_stream_that_breaks_it(string rule, Stream stream) => Assert.Contains(rule, Broken(stream.Watch, [.. stream.Responses]));

    public static TheoryData<string, Stream> BrokenStreams() => new()
    {
        { "Ordered", new(Both(), On(3, B3), On(3, A2)) },
        { "Unique", new(Both(), On(2, A2, A2)) },
        { "Atomic", new(Both() with { StartRevision = 5 }, On(5, A5), On(5, B5)) },
        { "Reliable", new(Both(), On(2, A2), On(4, A4)) },
        { "Reliable", new(Both() with { StartRevision = 4 }, On(4, A4), On(5, B5), On(7, A7)) },
        { "Resumable", new(Both() with { StartRevision = 5 }, On(5, B5), On(7, A7)) },
        { "Reliable", new(Both(), On(2, A2), On(3, B3 with { Value = "other" })) },
        { "Reliable", new(Both(), On(2, A2), On(3, new WatchedEvent(3, "a", "1", false))) },
        { "Reliable", new(Both() with { ExpectedThrough = 3 }, On(2, A2)) },
        { "Resumable", new(Both(), On(3, B3)) },
        { "Resumable", new(Both() with { StartRevision = 3 }, On(2, A2), On(3, B3)) },
        { "Resumable", new(Both() with { ExpectedThrough = 2 }) },
        { "Bookmarkable", new(Both(), On(2, A2), Bookmark(3)) },
        { "Bookmarkable", new(Both(), On(2, A2), Bookmark(3), On(3, B3)) },
        { "Bookmarkable", new(Both(), On(2, A2), On(3, B3), Bookmark(2)) },
        { "PrevKV", new(Both() with { StartRevision = 4 }, On(4, A4 with { Previous = "0" })) },
        { "PrevKV", new(Both() with { StartRevision = 5 }, On(5, A5 with { Previous = null }, B5)) },
        { "PrevKV", new(Both() with { StartRevision = 7 }, On(7, A7 with { Previous = "2" })) },
        { "IsCreate", new(Both(), On(2, A2 with { IsCreate = false })) },
        { "IsCreate", new(Both() with { StartRevision = 4 }, On(4, A4 with { IsCreate = true })) },
        { "Filter", new(Both() with { NoDelete = true, StartRevision = 5 }, On(5, A5, B5)) },
        { "Filter", new(Both() with { RangeEnd = null }, On(2, A2), On(3, B3)) },
    };

    [Fact]
    public void A_log_out_of_order_is_refused()
    {
        Assert.Throws<ArgumentException>(() => new TrueLog([new(3, "a", "1"), new(2, "a", "1")]));
        Assert.Throws<ArgumentException>(() => new TrueLog([new(3, "a", "1"), new(3, "a", "2")]));
    }

    private static WatchRecord Both() => new() { Name = "w", Key = "a", RangeEnd = "c", StartRevision = 2, HasPrevious = true, Responses = [] };

    private static WatchedResponse On(long revision, params WatchedEvent[] events) => new(revision, events);

    private static WatchedResponse Bookmark(long revision) => new(revision, []);

    private static IEnumerable<string> Broken(WatchRecord watch, params WatchedResponse[] responses) =>
        WatchChecker.Check(watch with { Responses = responses }, Log).Violations.Select(static violation => violation.Rule);

    public sealed record Stream(WatchRecord Watch, params WatchedResponse[] Responses);
}
