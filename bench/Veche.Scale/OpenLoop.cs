using System.Diagnostics;

namespace Veche.Scale;

/// <summary>Starts things at a fixed rate whether or not the earlier ones have ended, so that a server that stalls cannot hide it.</summary>
internal static class OpenLoop
{
    /// <param name="perSecond">How many a second.</param>
    /// <param name="until">Ends it.</param>
    /// <param name="start">Gets the number and the time at which it was due, as a timestamp.</param>
    public static async Task RunAsync(int perSecond, CancellationToken until, Func<int, long, Task> start)
    {
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(1));
        List<Task> open = [];
        int tidyAt = 10_000;
        long begun = Stopwatch.GetTimestamp();
        int number = 0;
        while (!until.IsCancellationRequested)
        {
            await tick.WaitForNextTickAsync(CancellationToken.None);
            for (int due = (int)(Stopwatch.GetElapsedTime(begun).TotalSeconds * perSecond); number < due; number++)
            {
                open.Add(start(number, begun + (long)((number + 1) * (double)Stopwatch.Frequency / perSecond)));
            }

            if (open.Count > tidyAt)
            {
                // Seldom enough to cost nothing where very many are open.
                open.RemoveAll(static task => task.IsCompletedSuccessfully);
                tidyAt = (2 * open.Count) + 10_000;
            }
        }

        await Task.WhenAll(open);
    }
}
