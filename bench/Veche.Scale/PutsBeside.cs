using System.Diagnostics;
using Grpc.Core;
using Grpc.Net.Client;
using Veche.Api;

namespace Veche.Scale;

/// <summary>
/// Puts at <c>--rate</c> a second while nothing, a compaction or a snapshot goes on (<c>--beside</c>), and how long each took from when it was due.
/// Counted are those that were due while it went on, or for <c>--seconds</c> when nothing does.
/// </summary>
internal static class PutsBeside
{
    public static async Task<object> RunAsync(Options options)
    {
        int keys = options.Number("keys", 100_000);
        int valueBytes = options.Number("value-bytes", 256);
        using GrpcChannel channel = options.Connect();
        using GrpcChannel other = options.Connect();
        var kv = new KV.KVClient(channel);
        var random = new Random(7);
        var latencies = new Latencies();
        long errors = 0;
        bool counting = false;
        using var done = new CancellationTokenSource();
        Task puts = OpenLoop.RunAsync(options.Number("rate", 500), done.Token, async (_, due) =>
        {
            bool counts = Volatile.Read(ref counting);
            try
            {
                await kv.PutAsync(new PutRequest { Key = Options.Key(random.Next(keys)), Value = Options.Value(random, valueBytes) });
            }
            catch (RpcException)
            {
                Interlocked.Increment(ref errors);
                return;
            }

            if (counts)
            {
                latencies.Since(due);
            }
        });
        await Task.Delay(TimeSpan.FromSeconds(options.Number("warmup-seconds", 3)));
        Volatile.Write(ref counting, true);
        long started = Stopwatch.GetTimestamp();
        long bytes = options.Text("beside", "nothing") switch
        {
            "nothing" => await NothingAsync(options),
            "compaction" => await CompactAsync(other),
            "snapshot" => await SnapshotAsync(other),
            string unknown => throw new ArgumentException($"unknown --beside={unknown}: nothing, compaction or snapshot"),
        };
        double seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        Volatile.Write(ref counting, false);
        await done.CancelAsync();
        await puts;
        return new { seconds, puts = latencies.Count, p50Ms = latencies.P50Ms, p99Ms = latencies.P99Ms, maxMs = latencies.MaxMs, errors, bytes };
    }

    private static async Task<long> NothingAsync(Options options)
    {
        await Task.Delay(TimeSpan.FromSeconds(options.Number("seconds", 5)));
        return 0;
    }

    private static async Task<long> CompactAsync(GrpcChannel channel)
    {
        var kv = new KV.KVClient(channel);
        RangeResponse now = await kv.RangeAsync(new RangeRequest { Key = Options.Key(0) });
        await kv.CompactAsync(new CompactionRequest { Revision = now.Header.Revision, Physical = true });
        return 0;
    }

    private static async Task<long> SnapshotAsync(GrpcChannel channel)
    {
        long bytes = 0;
        using AsyncServerStreamingCall<SnapshotResponse> call = new Maintenance.MaintenanceClient(channel).Snapshot(new SnapshotRequest());
        while (await call.ResponseStream.MoveNext(CancellationToken.None))
        {
            bytes += call.ResponseStream.Current.Blob.Length;
        }

        return bytes;
    }
}
