using System.Collections.Concurrent;
using System.Diagnostics;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Veche.Api;

namespace Veche.Scale;

/// <summary>
/// <c>--watchers</c> watches on <c>--streams</c> streams, each of one of <c>--keys</c> keys, in turn, so that a put is told to watchers/keys of them on as many
/// streams; <c>--rate</c> puts a second. How long from when a put was sent until each watcher had it, and what memory the watchers took.
/// </summary>
internal static class Watchers
{
    public static async Task<object> RunAsync(Options options)
    {
        int streams = options.Number("streams", 100);
        int watchers = options.Number("watchers", 10_000);
        int keys = options.Number("keys", 1000);
        int seconds = options.Number("seconds", 10);
        int valueBytes = options.Number("value-bytes", 256);
        ServerUse memory = options.Server;
        List<GrpcChannel> channels = [.. Enumerable.Range(0, 10).Select(_ => options.Connect())];
        using GrpcChannel writer = options.Connect();
        var kv = new KV.KVClient(writer);
        await kv.RangeAsync(new RangeRequest { Key = WatchedKey(0) });
        double before = memory.ResidentMiB;

        var delivery = new Latencies();
        var sent = new ConcurrentDictionary<long, long>();
        bool counting = false;
        long delivered = 0;
        List<AsyncDuplexStreamingCall<WatchRequest, WatchResponse>> calls = [.. Enumerable.Range(0, streams).Select(i => new Watch.WatchClient(channels[i % channels.Count]).Watch())];
        List<Task> reading = [];
        var created = new CountdownEvent(watchers);
        foreach (AsyncDuplexStreamingCall<WatchRequest, WatchResponse> call in calls)
        {
            reading.Add(Task.Run(async () =>
            {
                await foreach (WatchResponse response in call.ResponseStream.ReadAllAsync())
                {
                    if (response.Created)
                    {
                        created.Signal();
                    }

                    foreach (Event change in response.Events)
                    {
                        Interlocked.Increment(ref delivered);
                        if (Volatile.Read(ref counting))
                        {
                            delivery.Since(BitConverter.ToInt64(change.Kv.Value.Span));
                        }
                    }
                }
            }));
        }

        await Task.WhenAll(calls.Select(async (call, stream) =>
        {
            for (int watcher = stream; watcher < watchers; watcher += streams)
            {
                await call.RequestStream.WriteAsync(new WatchRequest { CreateRequest = new WatchCreateRequest { Key = WatchedKey((int)((long)watcher * keys / watchers)) } });
            }
        }));
        await Task.Run(() => created.Wait(TimeSpan.FromSeconds(60)));
        if (!created.IsSet)
        {
            throw new InvalidOperationException($"{created.CurrentCount} watches were not created within 60 s");
        }

        await Task.Delay(TimeSpan.FromSeconds(2));
        double idle = memory.ResidentMiB;
        using var done = new CancellationTokenSource();
        var random = new Random(3);
        var puts = new Latencies();
        long written = 0;
        Task writing = OpenLoop.RunAsync(options.Number("rate", 1000), done.Token, async (number, _) =>
        {
            byte[] value = new byte[valueBytes];
            random.NextBytes(value);
            long begun = Stopwatch.GetTimestamp();
            BitConverter.TryWriteBytes(value, begun);
            await kv.PutAsync(new PutRequest { Key = WatchedKey(number % keys), Value = UnsafeByteOperations.UnsafeWrap(value) });
            puts.Since(begun);
            Interlocked.Increment(ref written);
        });
        await Task.Delay(TimeSpan.FromSeconds(options.Number("warmup-seconds", 8)));
        long ticks = memory.CpuTicks;
        long deliveredBefore = Interlocked.Read(ref delivered);
        Volatile.Write(ref counting, true);
        await Task.Delay(TimeSpan.FromSeconds(seconds));
        Volatile.Write(ref counting, false);
        double cpuUs = (memory.CpuTicks - ticks) * 10_000.0 / Math.Max(1, Interlocked.Read(ref delivered) - deliveredBefore);
        await done.CancelAsync();
        await writing;
        double busy = memory.ResidentMiB;
        long expected = written * watchers / keys;
        long waited = Stopwatch.GetTimestamp();
        while (Interlocked.Read(ref delivered) < expected && Stopwatch.GetElapsedTime(waited).TotalSeconds < 30)
        {
            await Task.Delay(50);
        }

        return new
        {
            watchers,
            written,
            delivered,
            expected,
            p50Ms = delivery.P50Ms,
            p99Ms = delivery.P99Ms,
            maxMs = delivery.MaxMs,
            putP99Ms = puts.P99Ms,
            cpuUsPerDelivery = cpuUs,
            beforeMiB = before,
            idleMiB = idle,
            busyMiB = busy,
            bytesPerWatcher = (idle - before) * 1024 * 1024 / watchers,
        };
    }

    private static ByteString WatchedKey(int number) => ByteString.CopyFromUtf8($"watched-{number:D6}");
}
