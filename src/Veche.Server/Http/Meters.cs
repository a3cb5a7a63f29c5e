using Prometheus;

namespace Veche.Server.Http;

/// <summary>What the services count and time themselves, under etcd's names and with its buckets. What the member counts is read from it when somebody scrapes (<see cref="ServerMetrics"/>).</summary>
internal sealed class Meters
{
    public Meters()
    {
        MetricFactory make = Metrics.WithCustomRegistry(Registry);
        ReadIndexesFailed = make.CreateCounter("etcd_server_read_indexes_failed_total", "Read barriers that no leader confirmed in time.");
        SlowReadIndexes = make.CreateCounter("etcd_server_slow_read_indexes_total", "Read barriers that took longer than half a second.");
        HealthSuccess = make.CreateCounter("etcd_server_health_success", "Questions after health that were answered with yes.");
        HealthFailures = make.CreateCounter("etcd_server_health_failures", "Questions after health that were answered with no.");
        LearnersPromoted = make.CreateCounter("etcd_server_learner_promote_successes", "Learners that this member, as the leader, made voters.");
        EventsSent = make.CreateCounter("etcd_debugging_mvcc_events_total", "Events sent to watches.");
        LeasesRenewed = make.CreateCounter("etcd_debugging_lease_renewed_total", "Leases that this member, as the leader, renewed.");
        Hash = make.CreateHistogram("etcd_mvcc_hash_duration_seconds", "How long hashing the whole store took.", Doubling(0.01, 15));
        HashOfHistory = make.CreateHistogram("etcd_mvcc_hash_rev_duration_seconds", "How long hashing the history up to a revision took.", Doubling(0.01, 15));
        Defragment = make.CreateHistogram("etcd_disk_backend_defrag_duration_seconds", "How long putting the store's files in order took.", Doubling(0.1, 13));
        DefragmentsInFlight = make.CreateGauge("etcd_disk_defrag_inflight", "Whether the store's files are being put in order now. 1 is yes, 0 is no.");
        Snapshot = make.CreateHistogram("etcd_disk_backend_snapshot_duration_seconds", "How long giving out a snapshot took.", Doubling(0.01, 17));
        RoundTrip = make.CreateHistogram("etcd_network_peer_round_trip_time_seconds", "How long another member took to answer.", new HistogramConfiguration { LabelNames = ["To"], Buckets = Histogram.ExponentialBuckets(0.0001, 2, 16) });
        Histogram range = make.CreateHistogram("etcd_server_range_duration_seconds", "How long a range took to be read, once it might be.", new HistogramConfiguration { LabelNames = ["success"], Buckets = Histogram.ExponentialBuckets(0.0001, 2, 20) });
        RangeSucceeded = range.WithLabels("true");
        RangeFailed = range.WithLabels("false");
    }

    public CollectorRegistry Registry { get; } = Metrics.NewCustomRegistry();

    public Counter ReadIndexesFailed { get; }

    public Counter SlowReadIndexes { get; }

    public Counter HealthSuccess { get; }

    public Counter HealthFailures { get; }

    public Counter LearnersPromoted { get; }

    public Counter EventsSent { get; }

    public Counter LeasesRenewed { get; }

    public Histogram Hash { get; }

    public Histogram HashOfHistory { get; }

    public Histogram Defragment { get; }

    public Gauge DefragmentsInFlight { get; }

    public Histogram Snapshot { get; }

    public Histogram RoundTrip { get; }

    public Histogram.Child RangeSucceeded { get; }

    public Histogram.Child RangeFailed { get; }

    private static HistogramConfiguration Doubling(double first, int count) => new() { Buckets = Histogram.ExponentialBuckets(first, 2, count) };
}
