using Veche.Store;

namespace Veche.Server;

/// <summary>
/// Writes out what the store keeps in memory before its files, when that is much and there is no hurry: a store that little is written to takes little memory,
/// and one that much is written to is flushed in large pieces. At a crash nothing is lost by not having flushed, which the log has.
/// </summary>
internal sealed class StoreFlusher(KeyValueStore store, ServerLog log) : IAsyncDisposable
{
    private const long MuchBytes = 4 << 20;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    private readonly CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;

    public void Start() => _running = Task.Run(RunAsync);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(false);
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        using var timer = new PeriodicTimer(Interval);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token).ConfigureAwait(false))
            {
                FlushIfMuch();
            }
        }
        catch (OperationCanceledException)
        {
            // The member stops.
        }
    }

    private void FlushIfMuch()
    {
        if (store.UnflushedBytes < MuchBytes)
        {
            return;
        }

        try
        {
            store.Flush();
        }
        catch (IOException exception)
        {
            // Whoever needs it flushed, to shorten the log, finds out by themselves and acts on it.
            log.FlushFailed(exception.Message);
        }
    }
}
