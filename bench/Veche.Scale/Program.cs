// One thing at a time to one member, etcd's or Veche's, or more than it can do to several, and what it cost. Prints one line of JSON. eng/bench-scale and eng/bench-overload run it.
using System.Text.Json;
using Veche.Scale;

if (args.Length == 0)
{
    Console.Error.WriteLine("usage: Veche.Scale fill|read|range|puts|watch|overload --endpoint=URL [--pid=N] [--name=value ...]");
    return 2;
}

var options = new Options(args[1..]);
object result = args[0] switch
{
    "fill" => await Fill.RunAsync(options),
    "read" => await RandomReads.RunAsync(options),
    "range" => await RangeOfAll.RunAsync(options),
    "puts" => await PutsBeside.RunAsync(options),
    "watch" => await Watchers.RunAsync(options),
    "overload" => await Overload.RunAsync(options),
    _ => throw new ArgumentException($"unknown workload {args[0]}: fill, read, range, puts, watch or overload"),
};
Console.WriteLine(JsonSerializer.Serialize(result, Options.Json));
return 0;
