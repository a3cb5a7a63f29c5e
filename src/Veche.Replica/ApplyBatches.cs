using Veche.Raft;

namespace Veche.Replica;

/// <summary>Turns entries of the log into what a state machine sees.</summary>
public static class ApplyBatches
{
    /// <summary>
    /// Adds an entry to a batch, without the headers that are the replica's own. Returns the number of the command when
    /// this member proposed it and somebody waits for its result, else 0.
    /// </summary>
    /// <param name="batch">Gets the entry.</param>
    /// <param name="entry">From the log.</param>
    /// <param name="self">This member.</param>
    /// <param name="isAwaited">Whether somebody waits for this member's command of that number.</param>
    public static long Add(ApplyBatch batch, in Entry entry, MemberId self, Func<long, bool> isAwaited)
    {
        switch (entry.Kind)
        {
            case EntryKind.Command when CommandHeader.TryRead(entry.Data, out MemberId origin, out long sequence, out ReadOnlyMemory<byte> command):
                bool awaited = origin == self && isAwaited(sequence);
                batch.Add(new Committed(entry.Position, EntryKind.Command, command, awaited));
                return awaited ? sequence : 0;

            case EntryKind.Configuration when ConfigurationEntry.TryDecode(entry.Data, out _, out ReadOnlyMemory<byte> context):
                batch.Add(new Committed(entry.Position, EntryKind.Configuration, context, WantsResult: false));
                return 0;

            default:
                // A command too short for its header came from no replica of ours. It is the same for everybody, so it is skipped by everybody.
                batch.Add(new Committed(entry.Position, EntryKind.NoOp, default, WantsResult: false));
                return 0;
        }
    }
}
