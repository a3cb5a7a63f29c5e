using System.Diagnostics;
using Grpc.Core;
using Veche.Api;
using Veche.Api.Commands;
using Veche.Store;

namespace Veche.Server;

/// <summary>Compacts by the schedule, while this member leads.</summary>
internal sealed class AutoCompactor(MemberContext member, ServerLog log) : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;

    public void Start()
    {
        long started = Stopwatch.GetTimestamp();
        if (CompactionSchedule.Of(member.Options.AutoCompaction, TimeSpan.Zero) is { } schedule)
        {
            _running = Task.Run(() => RunAsync(schedule, () => Stopwatch.GetElapsedTime(started)));
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(false);
        _stop.Dispose();
    }

    private async Task RunAsync(CompactionSchedule schedule, Func<TimeSpan> clock)
    {
        using var timer = new PeriodicTimer(schedule.Interval);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token).ConfigureAwait(false))
            {
                if (schedule.Look(clock(), member.Store.CurrentRevision, member.Host.Status.Role == Raft.Role.Leader && member.Guard.Reason is null) is { } revision && await CompactAsync(revision).ConfigureAwait(false))
                {
                    schedule.Done(clock(), revision);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The member stops.
        }
    }

    private async Task<bool> CompactAsync(long revision)
    {
        try
        {
            await member.ProposeAsync<CompactionResponse>(new Command { Compact = new CompactionRequest { Revision = revision }, Caller = new Caller { IsMember = true } }, _stop.Token).ConfigureAwait(false);
            log.Compacted(revision);
            return true;
        }
        catch (RpcException exception)
        {
            if (exception.Status.Detail == StoreErrors.Compacted.Message)
            {
                // Somebody was faster, which is as good.
                return true;
            }

            log.CompactionFailed(revision, exception.Status.Detail);
            return false;
        }
    }
}
