using Google.Protobuf;
using Grpc.Core;
using Veche.Api;
using Veche.Api.Commands;
using Veche.Store;

namespace Veche.Server.Canaries;

/// <summary>
/// Writes this member's canary now and then, the way clients write, and reads it back, the way clients read: what no other check sees (between the request and the log, between
/// the state and the answer) shows here. What this member's own state shows wrong at the revision of its own acknowledged write ends in quarantine.
/// </summary>
internal sealed class CanaryWriter(MemberContext member, ServerLog log, TimeProvider time) : IAsyncDisposable
{
    private static readonly Caller Itself = new() { IsMember = true };

    private readonly CancellationTokenSource _stop = new();
    private readonly ByteString _key = ByteString.CopyFromUtf8(member.Options.CanaryPrefix + member.Identity.Self);
    private readonly CanaryJudge _judge = new(member.Identity.ClusterId, member.Identity.Self.Value);
    private Task _running = Task.CompletedTask;
    private string? _said;
    private long _whole;
    private long _unknown;
    private long _refused;
    private long _meddling;
    private long _damaged;
    private long _confirmedAt;

    /// <summary>Canaries that were written, acknowledged and read back.</summary>
    public long Whole => Interlocked.Read(ref _whole);

    /// <summary>Canaries of which nobody knows whether they were written.</summary>
    public long Unknown => Interlocked.Read(ref _unknown);

    /// <summary>Canaries that were refused: no leader, no room, too many requests.</summary>
    public long Refused => Interlocked.Read(ref _refused);

    /// <summary>Times somebody else had written or deleted this member's canary.</summary>
    public long Meddling => Interlocked.Read(ref _meddling);

    /// <summary>Times this member's state did not hold what was acknowledged.</summary>
    public long Damaged => Interlocked.Read(ref _damaged);

    /// <summary>Unix time in seconds of the last that was read back whole; 0 for none.</summary>
    public double ConfirmedAtSeconds => Interlocked.Read(ref _confirmedAt) / 1000.0;

    /// <summary>How the key is read at a revision, 0 for now. A test stands in for a damaged state here.</summary>
    internal Func<long, KeyValue?>? ReadInstead { get; set; }

    public void Start()
    {
        if (member.Options.CanaryInterval > TimeSpan.Zero && !member.IsWitness)
        {
            _running = Task.Run(RunAsync);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(false);
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            // Members that were started together need not write together.
            await Task.Delay(member.Options.CanaryInterval * ((member.Identity.Self.Value % 97) / 97.0), time, _stop.Token).ConfigureAwait(false);
            using var timer = new PeriodicTimer(member.Options.CanaryInterval, time);
            bool resumed = false;
            do
            {
                if (member.Guard.Reason is not null)
                {
                    // Nothing of the state is to be trusted or shown; its replacement is under way.
                    continue;
                }

                if (!resumed)
                {
                    resumed = await TryAsync(ResumeAsync).ConfigureAwait(false);
                }

                if (resumed)
                {
                    await TryAsync(WriteAndReadAsync).ConfigureAwait(false);
                }
            }
            while (await timer.WaitForNextTickAsync(_stop.Token).ConfigureAwait(false));
        }
        catch (OperationCanceledException)
        {
            // The member stops.
        }
    }

    private async Task<bool> TryAsync(Func<Task> step)
    {
        try
        {
            await step().ConfigureAwait(false);
            return true;
        }
        catch (RpcException exception)
        {
            Say(exception.Status.Detail);
            return false;
        }
        catch (StoreException exception)
        {
            // Compacted since, or in quarantine: nothing was seen.
            Say(exception.Error.Message);
            return false;
        }
        catch (IOException exception)
        {
            // Damage that the store itself has found, and said.
            Say(exception.Message);
            return false;
        }
    }

    private async Task ResumeAsync()
    {
        await member.ConfirmReadAsync(_stop.Token).ConfigureAwait(false);
        _judge.Resume(Read(0));
    }

    private async Task WriteAndReadAsync()
    {
        var put = new Command { Put = new PutRequest { Key = _key, Value = _judge.Next(time.GetUtcNow()) }, Caller = Itself };
        try
        {
            PutResponse written = await member.ProposeAsync<PutResponse>(put, _stop.Token).ConfigureAwait(false);
            _judge.Acknowledged(written.Header.Revision);
        }
        catch (RpcException exception) when (exception.StatusCode is StatusCode.ResourceExhausted or StatusCode.FailedPrecondition or StatusCode.InvalidArgument)
        {
            _judge.Refused();
            Interlocked.Increment(ref _refused);
            throw;
        }
        catch (RpcException)
        {
            // Whatever else went wrong, it may have happened.
            _judge.Unknown();
            Interlocked.Increment(ref _unknown);
            throw;
        }

        await member.ConfirmReadAsync(_stop.Token).ConfigureAwait(false);
        KeyValue? then = Read(_judge.Revision);
        (CanaryFinding finding, string about) = _judge.Judge(then, Read(0));
        switch (finding)
        {
            case CanaryFinding.Damage:
                Interlocked.Increment(ref _damaged);
                member.Guard.Suspect(about);
                break;
            case CanaryFinding.Meddling:
                Interlocked.Increment(ref _meddling);
                Say(about);
                break;
            default:
                Interlocked.Increment(ref _whole);
                Interlocked.Exchange(ref _confirmedAt, time.GetUtcNow().ToUnixTimeMilliseconds());
                if (_said is not null)
                {
                    _said = null;
                    log.CanariesWhole();
                }

                break;
        }
    }

    /// <summary>At a revision; 0 for now.</summary>
    private KeyValue? Read(long revision) => ReadInstead is { } instead ? instead(revision) : member.Store.Range(new RangeRequest { Key = _key, Revision = revision }, Itself).Kvs.FirstOrDefault();

    private void Say(string what)
    {
        if (_said is null)
        {
            // Once until they are whole again: what is wrong may be wrong for hours.
            _said = what;
            log.CanaryNotConfirmed(what);
        }
    }
}
