using System.Text.Json.Serialization;

namespace Veche.Client.Tests;

/// <summary>Against one real member.</summary>
public sealed partial class OneMemberTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private Cluster _cluster = null!;
    private VecheClient _client = null!;

    public async ValueTask InitializeAsync()
    {
        _cluster = await Cluster.StartAsync(1);
        _client = new VecheClient(new VecheClientOptions { Endpoints = _cluster.Addresses, Timeout = Patience });
    }

    public async ValueTask DisposeAsync()
    {
        await _client.DisposeAsync();
        await _cluster.DisposeAsync();
    }

    [Fact]
    public async Task Keys_ranges_and_transactions()
    {
        PutResult first = await _client.PutAsync("k/a", "1");
        Assert.Equal("1", (await _client.PutAsync("k/a", "2", wantsPrevious: true)).Previous?.Value.ToString());
        await _client.PutAsync("k/b", new byte[] { 0, 255 });
        Item item = (await _client.GetAsync("k/a"))!;
        Assert.Equal(("2", first.Info.Revision, 2L), (item.Value.ToString(), item.CreateRevision, item.Version));
        RangeResult range = await _client.RangeAsync(KeyRange.Prefix("k/"), new RangeOptions { Limit = 1 });
        Assert.Equal((1, 2L, true), (range.Items.Count, range.Count, range.More));
        Assert.Equal("1", (await _client.RangeAsync("k/a", new RangeOptions { Revision = first.Info.Revision })).Items[0].Value.ToString());

        var swap = new Transaction().When(Condition.ValueIs("k/a", "2"), Condition.Missing("k/c")).Then(Operation.Put("k/a", "3")).Otherwise(Operation.Read("k/a"));
        Assert.True((await _client.CommitAsync(swap)).Succeeded);
        TransactionResult again = await _client.CommitAsync(swap);
        Assert.Equal((false, "3"), (again.Succeeded, again.Reads[0]![0].Value.ToString()));
        Assert.Equal(2, (await _client.DeleteAsync(KeyRange.Prefix("k/"))).Deleted);
        Assert.Null(await _client.GetAsync("k/a"));
    }

    [Fact]
    public async Task What_became_of_a_write_in_a_session_can_be_asked_without_an_answer_to_it()
    {
        await using ClientSession session = await _client.OpenSessionAsync();
        await _client.PutAsync("s", "1", settings: new CallSettings { Session = session });
        Assert.Equal(WriteOutcome.Happened, await _client.AskOutcomeAsync(Transport.ReplyHeaders.OutcomeInSession(session.Id, 1)));
        Assert.Equal(WriteOutcome.Unknown, await _client.AskOutcomeAsync(Transport.ReplyHeaders.OutcomeInSession(session.Id, 2)));
        Assert.Equal(WriteOutcome.Never, await _client.AskOutcomeAsync(Transport.ReplyHeaders.OutcomeInSession(session.Id, 2), settle: true));
        VecheRefusedException late = await Assert.ThrowsAsync<VecheRefusedException>(() => _client.PutAsync("s", "2", settings: new CallSettings { Session = session }));
        Assert.Contains("settled before the request arrived", late.Message, StringComparison.Ordinal);
        Assert.Equal("1", (await _client.GetAsync("s"))?.Value.ToString());
    }

    [Fact]
    public async Task Typed_values_are_replaced_only_when_nobody_was_faster()
    {
        TypedKeys<Place> places = _client.Typed("places/", new JsonCodec<Place>(PlaceContext.Default.Place));
        Assert.True(await places.TryReplaceAsync("a", new Place("Pskov", 1), 0));
        Assert.False(await places.TryReplaceAsync("a", new Place("Tver", 2), 0));
        Versioned<Place> read = (await places.GetAsync("a"))!;
        Assert.Equal(new Place("Pskov", 1), read.Value);
        Assert.True(await places.TryReplaceAsync("a", new Place("Novgorod", 3), read.Revision));
        Assert.False(await places.TryReplaceAsync("a", new Place("Tver", 2), read.Revision));
        Assert.Equal("Novgorod", (await places.GetAllAsync())["a"].Value.Name);
    }

    [Fact]
    public async Task A_watch_tells_changes_with_what_was_before()
    {
        long revision = (await _client.PutAsync("w", "1")).Info.Revision;
        await _client.PutAsync("w", "2");
        await _client.DeleteAsync("w");
        List<string> seen = [];
        await foreach (WatchBatch batch in _client.WatchAsync("w", new WatchOptions { FromRevision = revision + 1, WantsPrevious = true }))
        {
            seen.AddRange(batch.Changes.Select(static change => $"{change.IsDeletion} {change.Item.Value} {change.Previous?.Value}"));
            if (seen.Count == 2)
            {
                break;
            }
        }

        Assert.Equal(["False 2 1", "True  2"], seen);
    }

    [Fact]
    public async Task A_watch_of_what_was_compacted_says_so_or_reads_anew()
    {
        await _client.PutAsync("c/a", "1");
        await _client.PutAsync("c/b", "1");
        long revision = (await _client.PutAsync("c/a", "2")).Info.Revision;
        using var channel = Grpc.Net.Client.GrpcChannel.ForAddress(_cluster.Addresses[0]);
        await new Veche.Api.KV.KVClient(channel).CompactAsync(new Veche.Api.CompactionRequest { Revision = revision });
        WatchCompactedException compacted = await Assert.ThrowsAsync<WatchCompactedException>(async () =>
        {
            await foreach (WatchBatch batch in _client.WatchAsync(KeyRange.Prefix("c/"), new WatchOptions { FromRevision = 1 }))
            {
                Assert.Fail($"told {batch}");
            }
        });
        Assert.Equal(revision, compacted.CompactRevision);

        List<WatchBatch> batches = [];
        await foreach (WatchBatch batch in _client.WatchAsync(KeyRange.Prefix("c/"), new WatchOptions { FromRevision = 1, RereadWhenCompacted = true }))
        {
            batches.Add(batch);
            if (batches.Count == 2)
            {
                break;
            }

            await _client.PutAsync("c/b", "3");
        }

        Assert.Equal((true, "c/a=2 c/b=1"), (batches[0].IsReread, string.Join(' ', batches[0].Changes.Select(static change => $"{change.Item.Key}={change.Item.Value}"))));
        Assert.Equal((false, "c/b=3"), (batches[1].IsReread, string.Join(' ', batches[1].Changes.Select(static change => $"{change.Item.Key}={change.Item.Value}"))));
    }

    [Fact]
    public async Task A_lease_takes_its_keys_with_it_when_it_is_disposed()
    {
        VecheLease lease = await _client.GrantLeaseAsync(TimeSpan.FromSeconds(60));
        await _client.PutAsync("l", "1", lease);
        Assert.Equal(lease.Id, (await _client.GetAsync("l"))!.Lease);
        await lease.DisposeAsync();
        Assert.Null(await _client.GetAsync("l"));
        Assert.True(lease.IsLost);
    }

    [Fact]
    public async Task A_lease_that_somebody_revokes_is_lost()
    {
        await using VecheLease lease = await _client.GrantLeaseAsync(TimeSpan.FromSeconds(1));
        var lost = new TaskCompletionSource();
        await using CancellationTokenRegistration registration = lease.Lost.Register(lost.SetResult);
        using var channel = Grpc.Net.Client.GrpcChannel.ForAddress(_cluster.Addresses[0]);
        await new Veche.Api.Lease.LeaseClient(channel).LeaseRevokeAsync(new Veche.Api.LeaseRevokeRequest { ID = lease.Id });
        await lost.Task.WaitAsync(Patience);
        await Assert.ThrowsAsync<LeaseLostException>(() => _client.LockAsync("x", lease));
    }

    [Fact]
    public async Task A_lock_is_handed_on_with_a_larger_token()
    {
        await using VecheLease one = await _client.GrantLeaseAsync(TimeSpan.FromSeconds(60));
        await using VecheLease two = await _client.GrantLeaseAsync(TimeSpan.FromSeconds(60));
        VecheLock first = await _client.LockAsync("lock", one);
        await Assert.ThrowsAsync<TimeoutException>(() => _client.LockAsync("lock", two, TimeSpan.FromMilliseconds(50)));

        // Who gave up has left no place behind.
        Assert.Single((await _client.RangeAsync(KeyRange.Prefix("lock/"))).Items);
        Task<VecheLock> waiting = _client.LockAsync("lock", two);
        Assert.True((await _client.CommitAsync(new Transaction().When(first.IsHeld()).Then(Operation.Put("guarded", "one")))).Succeeded);
        Assert.False(waiting.IsCompleted);
        await first.DisposeAsync();
        await using VecheLock second = await waiting.WaitAsync(Patience);
        Assert.True(second.FencingToken > first.FencingToken);
        Assert.False((await _client.CommitAsync(new Transaction().When(first.IsHeld()).Then(Operation.Put("guarded", "one again")))).Succeeded);
        Assert.True((await _client.CommitAsync(new Transaction().When(second.IsHeld()).Then(Operation.Put("guarded", "two")))).Succeeded);
    }

    [Fact]
    public async Task A_leader_is_seen_proclaims_and_resigns()
    {
        await using VecheLease one = await _client.GrantLeaseAsync(TimeSpan.FromSeconds(60));
        await using VecheLease two = await _client.GrantLeaseAsync(TimeSpan.FromSeconds(60));
        VecheLeadership first = await _client.CampaignAsync("election", "one", one);
        Task<VecheLeadership> waiting = _client.CampaignAsync("election", "two", two);
        await first.ProclaimAsync("one, again");
        Item leader = (await _client.GetElectedAsync("election"))!;
        Assert.Equal(("one, again", first.FencingToken), (leader.Value.ToString(), leader.CreateRevision));
        await first.DisposeAsync();
        await using VecheLeadership second = await waiting.WaitAsync(Patience);
        Assert.Equal("two", (await _client.GetElectedAsync("election"))?.Value.ToString());
        await Assert.ThrowsAsync<LeaseLostException>(() => first.ProclaimAsync("still"));
    }

    internal sealed record Place(string Name, int Number);

    [JsonSerializable(typeof(Place))]
    internal sealed partial class PlaceContext : JsonSerializerContext;
}
