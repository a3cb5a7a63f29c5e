using Veche.Server.Options;

namespace Veche.Server;

/// <summary>When to compact, and up to where: etcd's two modes. Looked at once an interval; knows no clock of its own.</summary>
internal abstract class CompactionSchedule
{
    /// <summary>How often <see cref="Look"/> wants to be called.</summary>
    public abstract TimeSpan Interval { get; }

    /// <summary>The schedule of a setting; null when it asks for none.</summary>
    public static CompactionSchedule? Of(AutoCompaction setting, TimeSpan now) =>
        setting.Period > TimeSpan.Zero ? new Periodic(setting.Period, now)
        : setting.Revisions > 0 ? new ByRevisions(setting.Revisions)
        : null;

    /// <summary>The revision to compact at, or null. Every member looks, so that a new leader knows the past; only the leader acts.</summary>
    public abstract long? Look(TimeSpan now, long revision, bool leads);

    /// <summary>A compaction that <see cref="Look"/> asked for was done.</summary>
    public abstract void Done(TimeSpan now, long revision);

    /// <summary>Keeps a period: ten times in it (or in an hour, when it is longer) the revision is noted, and the oldest note is where to compact.</summary>
    private sealed class Periodic(TimeSpan period, TimeSpan start) : CompactionSchedule
    {
        private const int LooksPerInterval = 10;
        private static readonly TimeSpan LongestInterval = TimeSpan.FromHours(1);

        private readonly Queue<long> _revisions = [];
        private readonly TimeSpan _between = period < LongestInterval ? period : LongestInterval;
        private TimeSpan _next = start + period;

        public override TimeSpan Interval => _between / LooksPerInterval;

        public override long? Look(TimeSpan now, long revision, bool leads)
        {
            _revisions.Enqueue(revision);
            if (_revisions.Count > (int)(period / Interval) + 1)
            {
                _revisions.Dequeue();
            }

            return leads && now >= _next ? _revisions.Peek() : null;
        }

        public override void Done(TimeSpan now, long revision) => _next = now + _between;
    }

    /// <summary>Keeps a number of revisions, looked at every five minutes.</summary>
    private sealed class ByRevisions(long retention) : CompactionSchedule
    {
        private long _last;

        public override TimeSpan Interval => TimeSpan.FromMinutes(5);

        public override long? Look(TimeSpan now, long revision, bool leads) =>
            leads && revision - retention is > 0 and var at && at != _last ? at : null;

        public override void Done(TimeSpan now, long revision) => _last = revision;
    }
}
