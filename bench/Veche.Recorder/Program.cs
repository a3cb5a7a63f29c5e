// Clients that read, write and compare-and-set while somebody else breaks the cluster, and write down what they saw as the history
// that 'veche check --model cas-register' judges. Ends on SIGTERM, after reading everything once more; prints one line of JSON.
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using Veche.Recorder;

var options = args.Where(static a => a.StartsWith("--", StringComparison.Ordinal) && a.Contains('=', StringComparison.Ordinal))
    .Select(static a => a[2..].Split('=', 2)).ToDictionary(static p => p[0], static p => p[1]);
string[] endpoints = Text("endpoints", "http://127.0.0.1:2379").Split(',');
string prefix = Text("prefix", "chaos/");
int clients = Number("clients", 6);
int registers = Number("registers", 12);
var deadline = TimeSpan.FromMilliseconds(Number("deadline-ms", 1000));
var pause = TimeSpan.FromMilliseconds(Number("pause-ms", 4));
int seed = Number("seed", 1);
if (!options.TryGetValue("out", out string? path))
{
    Console.Error.WriteLine("--out=FILE says where the history goes");
    return 2;
}

using var stop = new CancellationTokenSource();
using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context =>
{
    context.Cancel = true;
    stop.Cancel();
});
using var history = new HistoryFile(path);
RecordingClient[] all = [.. Enumerable.Range(0, clients).Select(i => new RecordingClient($"c{i}", endpoints, i, deadline, history))];
Console.Error.WriteLine("recording");
await Task.WhenAll(all.Select((client, i) => RunAsync(client, new Random(seed + i))));

// A read may be asked again: each attempt is an operation of its own, and those that failed say nothing.
var last = new RecordingClient("last", endpoints, 0, deadline, history);
int unread = 0;
foreach (string key in Enumerable.Range(0, registers).Select(Register).Concat(all.SelectMany(static client => client.WrittenOnce)))
{
    int attempts = 0;
    while (!await last.ReadAsync(key))
    {
        if (++attempts == 3 * endpoints.Length)
        {
            unread++;
            break;
        }
    }
}

Console.WriteLine(JsonSerializer.Serialize(new
{
    ok = history.Count(Outcome.Ok),
    fail = history.Count(Outcome.Fail),
    info = history.Count(Outcome.Info),
    once = all.Sum(static client => client.WrittenOnce.Count),
    unread,
}));
return unread > 0 ? 1 : 0;

async Task RunAsync(RecordingClient client, Random random)
{
    await Task.Yield();
    while (!stop.IsCancellationRequested)
    {
        string key = Register(random.Next(registers));
        switch (random.Next(10))
        {
            case < 4:
                await client.ReadAsync(key);
                break;
            case < 7:
                await client.WriteAsync(key);
                break;
            case < 9:
                await client.CompareAndSetAsync(key);
                break;
            default:
                await client.WriteOnceAsync(prefix + "once/");
                break;
        }

        await Task.Delay(pause);
    }
}

string Register(int number) => prefix + number.ToString("D2", CultureInfo.InvariantCulture);

string Text(string name, string otherwise) => options.GetValueOrDefault(name, otherwise);

int Number(string name, int otherwise) => options.TryGetValue(name, out string? text) ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;
