using System.Diagnostics;
using HdrHistogram;

namespace Veche.Scale;

/// <summary>Times, gathered from any thread.</summary>
internal sealed class Latencies
{
    private readonly LongConcurrentHistogram _microseconds = new(1, 600_000_000, 3);

    public long Count => _microseconds.TotalCount;

    public double P50Ms => AtPercentile(50);

    public double P99Ms => AtPercentile(99);

    public double MaxMs => _microseconds.GetMaxValue() / 1000.0;

    public void Since(long startedTimestamp) => _microseconds.RecordValue(Math.Clamp((long)Stopwatch.GetElapsedTime(startedTimestamp).TotalMicroseconds, 1, 600_000_000));

    /// <summary>Of nothing: 0.</summary>
    private double AtPercentile(double percentile) => Count == 0 ? 0 : _microseconds.GetValueAtPercentile(percentile) / 1000.0;
}
