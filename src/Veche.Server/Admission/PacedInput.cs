using System.IO.Pipelines;

namespace Veche.Server.Admission;

/// <summary>
/// What a client sends, read no faster than what was read before is worked on. Reading costs little and work costs more, and the system hands out what has
/// arrived before it hands out work: without this, a member that is sent more than it can do takes in requests only, and the cluster's own messages, reads and
/// keep-alives wait behind all of them. With more work waiting than <see cref="MostPendingWork"/>, what has come on a connection waits for its turn behind that
/// work, a few kilobytes each time; so every connection is read as often as every other, and what does not fit waits where it came from.
/// </summary>
internal sealed class PacedInput(PipeReader inner, Func<long> pendingWork) : PipeReader
{
    /// <summary>Pieces of work that may wait for a thread, each of some ten microseconds: about a millisecond's worth.</summary>
    public const int MostPendingWork = 64;

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        // Who has to wait for a client is not behind; that is most reads, and they cost nothing more.
        ValueTask<ReadResult> reading = inner.ReadAsync(cancellationToken);
        return !reading.IsCompletedSuccessfully || pendingWork() <= MostPendingWork ? reading : InTurnAsync(reading.Result);
    }

    public override bool TryRead(out ReadResult result) => inner.TryRead(out result);

    public override void AdvanceTo(SequencePosition consumed) => inner.AdvanceTo(consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined) => inner.AdvanceTo(consumed, examined);

    public override void CancelPendingRead() => inner.CancelPendingRead();

    public override void Complete(Exception? exception = null) => inner.Complete(exception);

    public override ValueTask CompleteAsync(Exception? exception = null) => inner.CompleteAsync(exception);

    private static async ValueTask<ReadResult> InTurnAsync(ReadResult result)
    {
        // Behind everything that waits now. Once: if all connections waited until little is left, their waiting would be what is left.
        await Task.Yield();
        return result;
    }
}
