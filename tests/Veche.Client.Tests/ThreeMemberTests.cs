namespace Veche.Client.Tests;

/// <summary>Against three real members, of which one goes away.</summary>
public sealed class ThreeMemberTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_watch_a_lease_and_a_lock_outlive_the_member_they_were_at()
    {
        await using Cluster cluster = await Cluster.StartAsync(3);
        await using var client = new VecheClient(new VecheClientOptions { Endpoints = cluster.Addresses, Timeout = Patience });
        await using VecheLease lease = await client.GrantLeaseAsync(TimeSpan.FromSeconds(30));
        await using VecheLock held = await client.LockAsync("lock", lease);
        long revision = (await client.PutAsync("w", "0")).Info.Revision;
        await using IAsyncEnumerator<WatchBatch> watch = client.WatchAsync("w", new WatchOptions { FromRevision = revision }).GetAsyncEnumerator();
        Assert.Equal("0", await NextAsync(watch));

        // Calls go to the first that answers, so the watch is there too.
        await cluster.StopAsync(cluster.Addresses[0]);
        for (int i = 1; i <= 5; i++)
        {
            Assert.Equal(i.ToString(System.Globalization.CultureInfo.InvariantCulture), await PutAndWatchAsync(client, watch, i));
        }

        Assert.False(lease.IsLost);
        Assert.True((await client.CommitAsync(new Transaction { }.When(held.IsHeld()).Then(Operation.Put("done", "yes")))).Succeeded);
        Assert.NotNull(await client.FindLeaderAsync());
    }

    private static async Task<string> PutAndWatchAsync(VecheClient client, IAsyncEnumerator<WatchBatch> watch, int number)
    {
        await client.PutAsync("w", number.ToString(System.Globalization.CultureInfo.InvariantCulture));
        return await NextAsync(watch);
    }

    private static async Task<string> NextAsync(IAsyncEnumerator<WatchBatch> watch)
    {
        Assert.True(await watch.MoveNextAsync().AsTask().WaitAsync(Patience));
        return Assert.Single(watch.Current.Changes).Item.Value.ToString();
    }
}
