using System.Diagnostics;

namespace Veche.Hosting;

/// <summary>The one clock of a running member: nanoseconds that never go back.</summary>
internal static class MonotonicClock
{
    public static long Read() =>
        Stopwatch.Frequency == 1_000_000_000 ? Stopwatch.GetTimestamp() : (long)(Stopwatch.GetTimestamp() * (1_000_000_000.0 / Stopwatch.Frequency));
}
