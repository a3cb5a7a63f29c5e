using Veche.Raft;
using Veche.Replica;

namespace Veche.Hosting;

/// <summary>The thread of the log: everything that has gathered goes out in one write and one sync.</summary>
public sealed partial class ReplicaHost
{
    private int _preparingSegment;

    /// <summary>One thing to do with the log.</summary>
    private readonly record struct LogWork(LogWrite? Write = null, SnapshotPoint? Compact = null, Rollback? Rollback = null);

    private void DoLogWork(List<LogWork> work)
    {
        long lastWrite = 0;
        long bytes = 0;
        long startedNs = MonotonicClock.Read();
        foreach (LogWork item in work)
        {
            if (item.Write is { } write)
            {
                if (item.Rollback is { } rollback)
                {
                    KeepRolledBack(rollback);
                }

                while (!TryWrite(write))
                {
                    MakeDurable(ref lastWrite, ref bytes, startedNs);
                    if (!WaitForRoom())
                    {
                        return;
                    }

                    startedNs = MonotonicClock.Read();
                }

                lastWrite = write.WriteId;
                foreach (Entry entry in write.Entries)
                {
                    bytes += entry.SizeBytes;
                }
            }
        }

        MakeDurable(ref lastWrite, ref bytes, startedNs);

        foreach (LogWork item in work)
        {
            if (item.Compact is { } point)
            {
                while (!TryCompact(point))
                {
                    if (!WaitForRoom())
                    {
                        return;
                    }
                }
            }
        }

        if (Interlocked.Exchange(ref _preparingSegment, 1) == 0)
        {
            ThreadPool.UnsafeQueueUserWorkItem(static host => host.PrepareNextSegment(), this, preferLocal: false);
        }
    }

    /// <summary>Syncs what was written, says so, and begins to count anew; does nothing when nothing was written.</summary>
    private void MakeDurable(ref long lastWrite, ref long bytes, long startedNs)
    {
        if (lastWrite == 0)
        {
            return;
        }

        _wal.Sync();
        _metrics.LogSyncSeconds.Observe(MonotonicClock.Read() - startedNs);
        _metrics.Written(bytes);
        _loop.Post(new ReplicaInput.Persisted(lastWrite));
        lastWrite = 0;
        bytes = 0;
    }

    private void PrepareNextSegment()
    {
        try
        {
            _wal.PrepareNextSegment();
        }
        catch (IOException exception)
        {
            Fail(exception);
        }

        Volatile.Write(ref _preparingSegment, 0);
    }

    private void BeginLogRead(LogRead read) =>
        ThreadPool.UnsafeQueueUserWorkItem(
            static work =>
            {
                try
                {
                    List<Entry> entries = [];
                    work.Host._wal.Read(work.Read.FirstIndex, work.Read.LastIndex, work.Read.MaxBytes, entries);
                    work.Host._loop.Post(new ReplicaInput.LogReadDone(work.Read, entries));
                }
#pragma warning disable CA1031 // A log that cannot be read back ends the member.
                catch (Exception exception)
#pragma warning restore CA1031
                {
                    work.Host.Fail(exception);
                }
            },
            (Host: this, Read: read),
            preferLocal: false);
}
