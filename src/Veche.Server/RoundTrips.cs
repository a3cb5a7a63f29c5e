using System.Diagnostics;
using Veche.Hosting;
using Veche.Raft;

namespace Veche.Server;

/// <summary>Asks each member that is connected, every few seconds, for nothing, and notes how long the answer took: the way there and back, and how busy the other is.</summary>
internal sealed class RoundTrips(MemberContext member) : IAsyncDisposable
{
    /// <summary>First byte of a call between members that only wants an answer.</summary>
    public const byte CallKind = 90;

    /// <summary>etcd's.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource _stop = new();
    private Task _asking = Task.CompletedTask;

    public void Start() => _asking = Task.Run(AskAsync);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _asking.ConfigureAwait(false);
        _stop.Dispose();
    }

    private async Task AskAsync()
    {
        using var timer = new PeriodicTimer(Interval);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token).ConfigureAwait(false))
            {
                Configuration configuration = member.Host.Status.Configuration;
                await Task.WhenAll(configuration.Voters.Concat(configuration.Learners).Where(other => other != member.Identity.Self).Select(MeasureAsync)).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // The member stops.
        }
    }

    private async Task MeasureAsync(MemberId other)
    {
        long started = Stopwatch.GetTimestamp();
        try
        {
            await member.Host.CallAsync(other, new byte[] { CallKind }, _stop.Token).ConfigureAwait(false);
            member.Meters.RoundTrip.WithLabels(other.ToString()).Observe(Stopwatch.GetElapsedTime(started).TotalSeconds);
        }
        catch (RefusedException)
        {
            // Not connected, or it did not answer: other metrics say so.
        }
    }
}
