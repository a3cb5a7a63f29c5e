using System.Diagnostics;
using Google.Protobuf;
using Grpc.Net.Client;
using Veche.Api;

namespace Veche.Scale;

/// <summary>
/// Puts at <c>--rate</c> a second over <c>--connections</c> connections to <c>--endpoints</c>, whether or not the earlier ones were answered, and beside them,
/// each on connections of its own to every member: a client with few puts, linearizable reads, and leases that are kept alive. At most <c>--open</c> puts of the
/// flood are under way; what is due beyond that is counted as not sent.
/// </summary>
internal static class Overload
{
    public static async Task<object> RunAsync(Options options)
    {
        string[] endpoints = options.Text("endpoints", "http://127.0.0.1:2379").Split(',');
        int rate = options.Number("rate", 1000);
        int few = options.Number("few-per-second", 50);
        int mostOpen = options.Number("open", 20_000);
        ByteString value = Options.Value(new Random(1), options.Number("value-bytes", 256));
        using var done = new CancellationTokenSource();
        using var kept = new CancellationTokenSource();

        KV.KVClient[] flooding = [.. Connect(endpoints, options.Number("connections", 9)).Select(static channel => new KV.KVClient(channel))];
        KV.KVClient[] polite = [.. Connect(endpoints, endpoints.Length).Select(static channel => new KV.KVClient(channel))];
        KV.KVClient[] reading = [.. Connect(endpoints, endpoints.Length).Select(static channel => new KV.KVClient(channel))];
        var keys = new Random(2);
        Outcomes flood = new("flood"), puts = new("polite puts"), reads = new("reads"), keepAlives = new("keep-alives");
        await using var leases = new KeptLeases([.. Connect(endpoints, endpoints.Length)], options.Number("leases", few), options.Number("ttl-seconds", 5));
        await leases.GrantAsync();

        long notSent = 0;
        bool counting = false;
        Task[] running =
        [
            OpenLoop.RunAsync(rate, done.Token, (number, due) =>
            {
                if (flood.Open < mostOpen)
                {
                    return flood.RunAsync(due, () => flooding[number % flooding.Length].PutAsync(new PutRequest { Key = Options.Key(keys.Next(10_000)), Value = value }).ResponseAsync);
                }

                notSent += counting ? 1 : 0;
                return Task.CompletedTask;
            }),
            OpenLoop.RunAsync(few, done.Token, (number, due) => puts.RunAsync(due, () => polite[number % polite.Length].PutAsync(new PutRequest { Key = Options.Key(20_000 + number), Value = value }).ResponseAsync)),
            OpenLoop.RunAsync(few, done.Token, (number, due) => reads.RunAsync(due, () => reading[number % reading.Length].RangeAsync(new RangeRequest { Key = Options.Key(number % 10_000) }).ResponseAsync)),
        ];
        Task keeping = OpenLoop.RunAsync(few, kept.Token, (number, due) => keepAlives.RunAsync(due, () => leases.KeepAliveAsync(number)));

        await Task.Delay(TimeSpan.FromSeconds(options.Number("warmup-seconds", 3)));
        Outcomes[] all = [flood, puts, reads, keepAlives];
        Array.ForEach(all, static one => one.Counting = true);
        Volatile.Write(ref counting, true);
        TimeSpan busy = Process.GetCurrentProcess().TotalProcessorTime;
        long begun = Stopwatch.GetTimestamp();
        await Task.Delay(TimeSpan.FromSeconds(options.Number("seconds", 8)));
        double seconds = Stopwatch.GetElapsedTime(begun).TotalSeconds;
        Volatile.Write(ref counting, false);
        Array.ForEach(all, static one => one.Counting = false);
        double clientCores = (Process.GetCurrentProcess().TotalProcessorTime - busy).TotalSeconds / seconds;
        object[] reports = [.. all.Select(one => one.Report(seconds, one.Open))];

        // What is still under way ends before the next load begins, and is in the servers' own measurements. Leases are kept alive until they are counted:
        // to let go of them while the rest ends would count against the cluster.
        await done.CancelAsync();
        await Task.WhenAny(Task.WhenAll(running), Task.Delay(TimeSpan.FromSeconds(20)));
        int expired = await leases.CountExpiredAsync();
        await kept.CancelAsync();
        await Task.WhenAny(keeping, Task.Delay(TimeSpan.FromSeconds(20)));
        return new { rate, seconds, notSentPerSecond = notSent / seconds, clientCores, leases = leases.Count, leasesExpired = expired, outcomes = reports };
    }

    private static IEnumerable<GrpcChannel> Connect(string[] endpoints, int connections) => Enumerable.Range(0, connections).Select(i => GrpcChannel.ForAddress(endpoints[i % endpoints.Length], new GrpcChannelOptions
    {
        HttpHandler = new SocketsHttpHandler { EnableMultipleHttp2Connections = false },
    }));
}
