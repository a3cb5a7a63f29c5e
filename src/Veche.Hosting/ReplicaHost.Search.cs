using Veche.Raft;
using Veche.Replica;

namespace Veche.Hosting;

/// <summary>Looks a command up in the log, for those who were not told what became of it.</summary>
public sealed partial class ReplicaHost
{
    private const long SearchBytesAtOnce = 1 << 20;

    /// <summary>The number of the last command that was made here.</summary>
    internal long LastSequence => Interlocked.Read(ref _lastSequence);

    /// <summary>Looks for a command among everything that is committed now.</summary>
    /// <exception cref="RefusedException">No leader confirmed what is committed before the deadline, or the member is stopping.</exception>
    public async Task<CommandSearch> FindCommandAsync(CommandIdentity command, CancellationToken cancellationToken = default)
    {
        long through = await ReadBarrierAsync(cancellationToken).ConfigureAwait(false);

        // Read beside the log's own thread, a piece at a time: nobody's write waits for it.
        await Task.Yield();
        List<Entry> entries = [];
        long from = command.AfterIndex + 1;
        for (long next = from; next <= through;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            ThrowIfStopping();
            entries.Clear();
            long first = Math.Max(next, Status.FirstIndex);
            if (first > next)
            {
                // Dropped from the log: what was in there is not known any more.
                from = next = first;
                continue;
            }

            if (_wal.Read(next, through, SearchBytesAtOnce, entries) == 0)
            {
                if (Status.FirstIndex > next)
                {
                    continue;
                }

                // Applied is durable here, so it can be read, unless it was dropped a moment ago and the status does not say so yet.
                return new CommandSearch(0, next + 1, next);
            }

            foreach (Entry entry in entries)
            {
                if (entry.Kind == EntryKind.Command && CommandHeader.TryRead(entry.Data, out MemberId origin, out long sequence, out _) && origin == command.Origin && sequence == command.Sequence)
                {
                    return new CommandSearch(entry.Index, from, through);
                }
            }

            next = entries[^1].Index + 1;
        }

        return new CommandSearch(0, from, through);
    }
}
