// The same closed-loop load for etcd and Veche: each client asks, waits for the answer, asks again. Prints one line of JSON.
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using HdrHistogram;
using Veche.Api;

var options = args.Where(static a => a.StartsWith("--", StringComparison.Ordinal) && a.Contains('=', StringComparison.Ordinal))
    .Select(static a => a[2..].Split('=', 2)).ToDictionary(static p => p[0], static p => p[1]);
string[] endpoints = Text("endpoints", "http://127.0.0.1:2379").Split(',');
string workload = Text("workload", "put");
int clients = Number("clients", 1);
int connections = Math.Min(clients, Number("connections", 8));
int seconds = Number("seconds", 10);
int warmup = Number("warmup-seconds", 2);
int keys = Number("keys", 10_000);
byte[] value = new byte[Number("value-bytes", 256)];
new Random(1).NextBytes(value);
ByteString payload = ByteString.CopyFrom(value);

// Metadata that goes with each request, as name:value,name:value; commas in brackets belong to a value.
Metadata metadata = [.. System.Text.RegularExpressions.Regex.Split(Text("metadata", string.Empty), @",(?![^(]*\))").Where(static part => part.Length > 0).Select(static part => part.Split(':', 2)).Select(static part => new Metadata.Entry(part[0], part[1]))];

List<GrpcChannel> channels = [.. Enumerable.Range(0, connections).Select(i => GrpcChannel.ForAddress(endpoints[i % endpoints.Length], new GrpcChannelOptions
{
    HttpHandler = new SocketsHttpHandler { EnableMultipleHttp2Connections = false },
}))];

if (workload != "put")
{
    await FillAsync();
}

long measureFrom = Stopwatch.GetTimestamp() + (long)(warmup * (double)Stopwatch.Frequency);
long until = measureFrom + (long)(seconds * (double)Stopwatch.Frequency);
long errors = 0;
string lastError = string.Empty;
Console.Error.WriteLine($"{workload}, {clients} clients on {connections} connections, {warmup} + {seconds} s");
if (options.TryGetValue("mark", out string? mark))
{
    // Whoever measures the servers from outside wants to know when counting begins and ends.
    _ = MarkAsync(mark);
}

LongHistogram[] all = await Task.WhenAll(Enumerable.Range(0, clients).Select(RunAsync));
var total = new LongHistogram(60_000_000_000, 3);
foreach (LongHistogram one in all)
{
    total.Add(one);
}

Console.WriteLine(JsonSerializer.Serialize(new
{
    workload,
    clients,
    requestsPerSecond = Math.Round(total.TotalCount / (double)seconds, 1),
    requests = total.TotalCount,
    p50Us = total.GetValueAtPercentile(50) / 1000.0,
    p99Us = total.GetValueAtPercentile(99) / 1000.0,
    maxUs = total.GetMaxValue() / 1000.0,
    errors,
    lastError,
}));
return errors > 0 && total.TotalCount == 0 ? 1 : 0;

async Task<LongHistogram> RunAsync(int client)
{
    var histogram = new LongHistogram(60_000_000_000, 3);
    // Each request at the next member, or a single client would measure whether its member happens to lead.
    KV.KVClient[] members = [.. channels.Select(static channel => new KV.KVClient(channel))];
    int next = client;
    var random = new Random(client);
    await Task.Yield();
    while (true)
    {
        KV.KVClient kv = members[next++ % members.Length];
        long started = Stopwatch.GetTimestamp();
        if (started >= until)
        {
            return histogram;
        }

        ByteString key = KeyOf(random.Next(keys));
        try
        {
            switch (workload)
            {
                case "put":
                    await kv.PutAsync(new PutRequest { Key = key, Value = payload }, metadata);
                    break;
                case "range":
                    await kv.RangeAsync(new RangeRequest { Key = key }, metadata);
                    break;
                case "serializable-range":
                    await kv.RangeAsync(new RangeRequest { Key = key, Serializable = true }, metadata);
                    break;
                default:
                    throw new ArgumentException($"unknown workload {workload}: put, range or serializable-range");
            }
        }
        catch (RpcException exception)
        {
            Interlocked.Increment(ref errors);
            lastError = exception.Status.Detail;
            continue;
        }

        if (started >= measureFrom)
        {
            histogram.RecordValue((long)(Stopwatch.GetElapsedTime(started).TotalMicroseconds * 1000));
        }
    }
}

async Task FillAsync()
{
    var kv = new KV.KVClient(channels[0]);
    for (int first = 0; first < keys; first += 100)
    {
        await Task.WhenAll(Enumerable.Range(first, Math.Min(100, keys - first)).Select(i => kv.PutAsync(new PutRequest { Key = KeyOf(i), Value = payload }).ResponseAsync));
    }
}

async Task MarkAsync(string path)
{
    await Task.Delay(TimeSpan.FromSeconds(warmup));
    await File.WriteAllTextAsync(path + ".begin", string.Empty);
    await Task.Delay(TimeSpan.FromSeconds(seconds));
    await File.WriteAllTextAsync(path + ".end", string.Empty);
}

static ByteString KeyOf(int number) => ByteString.CopyFromUtf8("key-" + number.ToString("D8", CultureInfo.InvariantCulture));

string Text(string name, string otherwise) => options.GetValueOrDefault(name, otherwise);

int Number(string name, int otherwise) => options.TryGetValue(name, out string? text) ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;
