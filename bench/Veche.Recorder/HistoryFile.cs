using System.Diagnostics;
using System.Text;
using System.Text.Json;

namespace Veche.Recorder;

/// <summary>How a call ended.</summary>
internal enum Outcome
{
    /// <summary>It happened.</summary>
    Ok,

    /// <summary>It did not happen and never will.</summary>
    Fail,

    /// <summary>Nobody knows.</summary>
    Info,
}

/// <summary>The history, one JSON object a line, as docs/checking.md has it. For any number of threads.</summary>
internal sealed class HistoryFile(string path) : IDisposable
{
    private readonly StreamWriter _writer = new(path, append: false, new UTF8Encoding(false), 1 << 16);
    private readonly Lock _lock = new();
    private readonly long[] _counts = new long[3];

    public long Count(Outcome outcome) => _counts[(int)outcome];

    public void Invoke(string process, string function, string key, object? value) => Write(process, "invoke", function, key, value);

    public void Complete(string process, Outcome outcome, string function, string key, object? value)
    {
        Interlocked.Increment(ref _counts[(int)outcome]);
        Write(process, outcome switch { Outcome.Ok => "ok", Outcome.Fail => "fail", _ => "info" }, function, key, value);
    }

    public void Dispose() => _writer.Dispose();

    private void Write(string process, string type, string f, string key, object? value)
    {
        // A call's time is taken before it leaves, a return's after it has come; the clock is the system's monotonic one.
        long time = (long)(Stopwatch.GetTimestamp() * (1e9 / Stopwatch.Frequency));
        string line = JsonSerializer.Serialize(new { process, type, f, key, value, time });
        lock (_lock)
        {
            _writer.WriteLine(line);
        }
    }
}
