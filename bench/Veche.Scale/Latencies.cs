using System.Diagnostics;
using HdrHistogram;

namespace Veche.Scale;

/// <summary>Times, gathered from any thread.</summary>
internal sealed class Latencies
{
    private readonly LongConcurrentHistogram _microseconds = new(1, 600_000_000, 3);

    public long Count => _microseconds.TotalCount;

    public double P50Ms => _microseconds.GetValueAtPercentile(50) / 1000.0;

    public double P99Ms => _microseconds.GetValueAtPercentile(99) / 1000.0;

    public double MaxMs => _microseconds.GetMaxValue() / 1000.0;

    public void Since(long startedTimestamp) => _microseconds.RecordValue(Math.Clamp((long)Stopwatch.GetElapsedTime(startedTimestamp).TotalMicroseconds, 1, 600_000_000));
}
