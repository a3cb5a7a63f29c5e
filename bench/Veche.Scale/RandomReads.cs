using System.Diagnostics;
using Grpc.Net.Client;
using Veche.Api;

namespace Veche.Scale;

/// <summary>Reads, and puts one in ten, of random keys among <c>--keys</c>, for <c>--seconds</c>.</summary>
internal static class RandomReads
{
    public static async Task<object> RunAsync(Options options)
    {
        int keys = options.Number("keys", 1_000_000);
        int valueBytes = options.Number("value-bytes", 256);
        var reads = new Latencies();
        var puts = new Latencies();
        long missing = 0;
        using GrpcChannel channel = options.Connect();
        var kv = new KV.KVClient(channel);
        long started = Stopwatch.GetTimestamp();
        double seconds = options.Number("seconds", 10);
        await Task.WhenAll(Enumerable.Range(0, options.Number("clients", 8)).Select(async client =>
        {
            var random = new Random(1000 + client);
            while (Stopwatch.GetElapsedTime(started).TotalSeconds < seconds)
            {
                long begun = Stopwatch.GetTimestamp();
                if (random.Next(10) == 0)
                {
                    await kv.PutAsync(new PutRequest { Key = Options.Key(random.Next(keys)), Value = Options.Value(random, valueBytes) });
                    puts.Since(begun);
                }
                else
                {
                    RangeResponse found = await kv.RangeAsync(new RangeRequest { Key = Options.Key(random.Next(keys)) });
                    Interlocked.Add(ref missing, 1 - found.Kvs.Count);
                    reads.Since(begun);
                }
            }
        }));
        return new { readsPerSecond = reads.Count / seconds, readP50Ms = reads.P50Ms, readP99Ms = reads.P99Ms, putP99Ms = puts.P99Ms, missing };
    }
}
