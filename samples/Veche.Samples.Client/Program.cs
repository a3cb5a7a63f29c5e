// What README.md shows, against the cluster of `veche dev`, or that of the arguments.
using Veche.Client;

await using var client = new VecheClient(args.Length > 0 ? args : ["http://127.0.0.1:2379", "http://127.0.0.1:22379", "http://127.0.0.1:32379"]);

await client.PutAsync("greeting", "hello");
Console.WriteLine((await client.GetAsync("greeting"))?.Value);

// Held as long as this process gives signs of life; whoever comes after it has a larger token.
await using VecheLease lease = await client.GrantLeaseAsync(TimeSpan.FromSeconds(10));
await using VecheLock held = await client.LockAsync("backup", lease);
bool done = (await client.CommitAsync(new Transaction().When(held.IsHeld()).Then(Operation.Put("backup-by", $"token {held.FencingToken}")))).Succeeded;
Console.WriteLine($"held with token {held.FencingToken}, wrote: {done}");

// Goes on at another member when this one goes away.
await foreach (WatchBatch batch in client.WatchAsync(KeyRange.Prefix("greet"), new WatchOptions { FromRevision = 1, RereadWhenCompacted = true }))
{
    Console.WriteLine($"revision {batch.Revision}: {string.Join(", ", batch.Changes.Select(static change => $"{change.Item.Key} = {change.Item.Value}"))}");
    break;
}
