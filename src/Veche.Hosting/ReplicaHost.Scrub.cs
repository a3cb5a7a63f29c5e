using Veche.Raft;

namespace Veche.Hosting;

/// <summary>Reads the log back, a little every second, so that damage is found while the others still have what is damaged here, and not when it is needed.</summary>
public sealed partial class ReplicaHost
{
    private const long ScrubIntervalNs = 1_000_000_000;

    private readonly List<Entry> _scrubbed = [];
    private long _scrubbedThrough;
    private long _scrubAtNs;
    private int _isScrubbing;

    private void ScrubSome()
    {
        long nowNs = MonotonicClock.Read();
        if (_options.ScrubBytesPerSecond > 0 && nowNs >= Volatile.Read(ref _scrubAtNs) && Interlocked.Exchange(ref _isScrubbing, 1) == 0)
        {
            Volatile.Write(ref _scrubAtNs, nowNs + ScrubIntervalNs);
            ThreadPool.UnsafeQueueUserWorkItem(static host => host.ScrubNext(), this, preferLocal: false);
        }
    }

    private void ScrubNext()
    {
        try
        {
            long first = Math.Max(_scrubbedThrough, _wal.Base.Index) + 1;
            int count = _wal.Read(first, long.MaxValue, _options.ScrubBytesPerSecond, _scrubbed);

            // At the end it begins again.
            _scrubbedThrough = count > 0 ? first + count - 1 : 0;
            _metrics.Scrubbed(_scrubbed.Sum(static entry => (long)entry.SizeBytes));
            _scrubbed.Clear();
        }
#pragma warning disable CA1031 // A log that cannot be read back ends the member; started again, it repairs itself.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            if (Volatile.Read(ref _stopping) == 0)
            {
                Fail(exception);
            }
        }

        Volatile.Write(ref _isScrubbing, 0);
    }
}
