using System.IO.Pipelines;
using Veche.Server.Admission;

namespace Veche.Server.Tests.Admission;

public sealed class PacedInputTests
{
    private static readonly byte[] Sent = [1, 2, 3];

    private readonly Pipe _pipe = new();
    private readonly Queued _others = new();
    private long _pendingWork;

    [Fact]
    public async Task What_has_come_is_handed_over_at_once_where_little_waits()
    {
        _pendingWork = PacedInput.MostPendingWork;
        PipeReader input = await SendAsync();

        Assert.True(input.ReadAsync(TestContext.Current.CancellationToken).IsCompletedSuccessfully);
    }

    [Fact]
    public async Task What_has_come_waits_its_turn_behind_the_work_that_waits()
    {
        PipeReader input = await SendAsync();
        _pendingWork = PacedInput.MostPendingWork + 1;
        Task<ReadResult> reading = Queued.Run(_others, () => input.ReadAsync(CancellationToken.None).AsTask());
        Assert.False(reading.IsCompleted);

        // One turn, however much there is by then.
        Assert.Equal(1, _others.RunOne());
        Assert.Equal(Sent, (await reading).Buffer.FirstSpan.ToArray());
    }

    [Fact]
    public async Task What_comes_later_is_handed_over_when_it_has_come()
    {
        var input = new PacedInput(_pipe.Reader, () => _pendingWork);
        Task<ReadResult> reading = input.ReadAsync(CancellationToken.None).AsTask();
        Assert.False(reading.IsCompleted);

        await _pipe.Writer.WriteAsync(Sent, TestContext.Current.CancellationToken);
        Assert.Equal(Sent, (await reading).Buffer.FirstSpan.ToArray());
        input.AdvanceTo((await reading).Buffer.End);
        await _pipe.Writer.CompleteAsync();
        Assert.True((await input.ReadAsync(TestContext.Current.CancellationToken)).IsCompleted);
    }

    private async Task<PipeReader> SendAsync()
    {
        await _pipe.Writer.WriteAsync(Sent, TestContext.Current.CancellationToken);
        return new PacedInput(_pipe.Reader, () => _pendingWork);
    }

    /// <summary>Work that waits, in the test's hands.</summary>
    private sealed class Queued : SynchronizationContext
    {
        private readonly Queue<(SendOrPostCallback Work, object? State)> _waiting = [];

        public static T Run<T>(Queued queued, Func<T> work)
        {
            SynchronizationContext? before = Current;
            SetSynchronizationContext(queued);
            try
            {
                return work();
            }
            finally
            {
                SetSynchronizationContext(before);
            }
        }

        public override void Post(SendOrPostCallback d, object? state) => _waiting.Enqueue((d, state));

        /// <returns>How many there were.</returns>
        public int RunOne()
        {
            int count = _waiting.Count;
            (SendOrPostCallback work, object? state) = _waiting.Dequeue();
            work(state);
            return count;
        }
    }
}
