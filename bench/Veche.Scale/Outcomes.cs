using System.Collections.Concurrent;
using Grpc.Core;

namespace Veche.Scale;

/// <summary>What became of calls of one kind, from when they were due; only what ended while it counted. For any number of threads.</summary>
internal sealed class Outcomes(string name)
{
    private readonly Latencies _accepted = new();
    private readonly Latencies _refused = new();
    private readonly ConcurrentDictionary<string, long> _errors = new(StringComparer.Ordinal);
    private volatile bool _counting;
    private int _open;

    /// <summary>Between warming up and the end.</summary>
    public bool Counting
    {
        get => _counting;
        set => _counting = value;
    }

    /// <summary>Calls that are under way.</summary>
    public int Open => Volatile.Read(ref _open);

    /// <summary>Makes a call that was due at this timestamp.</summary>
    public async Task RunAsync(long due, Func<Task> call)
    {
        Interlocked.Increment(ref _open);
        try
        {
            await call();
            if (Counting)
            {
                _accepted.Since(due);
            }
        }
        catch (RpcException exception)
        {
            if (Counting)
            {
                _refused.Since(due);
                _errors.AddOrUpdate($"{exception.StatusCode}: {exception.Status.Detail}", 1, static (_, count) => count + 1);
            }
        }
        finally
        {
            Interlocked.Decrement(ref _open);
        }
    }

    /// <summary>What there is to say of so many seconds. Calls that are still open have no latency yet, so their number is said.</summary>
    public object Report(double seconds, int openAtEnd) => new
    {
        name,
        acceptedPerSecond = _accepted.Count / seconds,
        refusedPerSecond = _refused.Count / seconds,
        p50Ms = _accepted.P50Ms,
        p99Ms = _accepted.P99Ms,
        maxMs = _accepted.MaxMs,
        refusedP99Ms = _refused.P99Ms,
        openAtEnd,
        errors = _errors.ToArray().ToDictionary(static pair => pair.Key, static pair => pair.Value),
    };
}
