namespace Veche.Hosting;

/// <summary>Durations counted into buckets that double from 1 ms to 8.192 s, the buckets of etcd's disk metrics.</summary>
public sealed class DurationHistogram
{
    /// <summary>Number of finite buckets.</summary>
    public const int BucketCount = 14;

    private readonly long[] _counts = new long[BucketCount + 1];
    private long _totalNs;

    /// <summary>Upper bound of a bucket in seconds.</summary>
    public static double UpperBoundSeconds(int bucket) => 0.001 * (1L << bucket);

    /// <summary>Observations in a bucket; the last, at <see cref="BucketCount"/>, holds all longer ones.</summary>
    public long CountOf(int bucket) => Interlocked.Read(ref _counts[bucket]);

    /// <summary>Sum of all observations in seconds.</summary>
    public double SumSeconds => Interlocked.Read(ref _totalNs) / 1e9;

    /// <summary>Counts one more. Called from any thread.</summary>
    public void Observe(long nanoseconds)
    {
        int bucket = 0;
        while (bucket < BucketCount && nanoseconds > 1_000_000L << bucket)
        {
            bucket++;
        }

        Interlocked.Increment(ref _counts[bucket]);
        Interlocked.Add(ref _totalNs, nanoseconds);
    }
}
