using System.Diagnostics;
using Google.Protobuf;
using Grpc.Core;
using Veche.Api.Commands;
using Veche.Hosting;
using Veche.Raft;
using Veche.Replica;
using Veche.Store;
using Veche.Store.Integrity;

namespace Veche.Server.Integrity;

/// <summary>
/// Keeps a member from showing a state that is not the cluster's. Has the states compared while this member leads; and when this member's own is damaged or the odd one out: nothing of it is
/// served from that moment on, the alarm is raised, another member's state takes its place, is compared once more, and only then served.
/// </summary>
internal sealed class StateGuard : IAsyncDisposable
{
    /// <summary>How much of the stored data each check looks at: small beside the interval, and still all of a gigabyte in three quarters of an hour.</summary>
    private const long BytesPerCheck = 4 << 20;

    private static readonly TimeSpan RetryAfter = TimeSpan.FromMilliseconds(500);

    /// <summary>A check that was to verify a new state has been missed, by this member or too many others, when nothing has come of it for so long.</summary>
    private static readonly TimeSpan VerifyAgainAfter = TimeSpan.FromSeconds(2);

    private readonly MemberContext _member;
    private readonly ServerLog _log;
    private readonly StateVote _vote;
    private readonly ulong _self;
    private readonly CancellationTokenSource _stop;
    private readonly Lock _lock = new();
    private volatile string? _reason;
    private CancellationTokenSource _serving;
    private CancellationTokenSource? _repair;
    private ByteString? _doubtful;
    private long _begunAt;
    private long _verifyAfter = long.MaxValue;
    private TaskCompletionSource? _verified;
    private Task _repairing = Task.CompletedTask;
    private Task _asking = Task.CompletedTask;
    private ulong _state;
    private int _isComputing;
    private long _checks;
    private long _repairs;
    private long _skipped;

    public StateGuard(MemberContext member, ServerLog log, CancellationTokenSource stop)
    {
        _member = member;
        _log = log;
        _stop = stop;
        _self = member.Identity.Self.Value;
        _state = NewState();
        _vote = new StateVote(_self, _state);
        _serving = CancellationTokenSource.CreateLinkedTokenSource(stop.Token);
    }

    /// <summary>Why nothing is served here; null when everything is.</summary>
    public string? Reason => _reason;

    /// <summary>Ends when what is served now must not be served any more.</summary>
    public CancellationToken Serving => Volatile.Read(ref _serving).Token;

    /// <summary>Checks this member has computed its hash for since it started.</summary>
    public long Checks => Interlocked.Read(ref _checks);

    /// <summary>Checks that came while this member was still busy with an earlier one.</summary>
    public long Skipped => Interlocked.Read(ref _skipped);

    /// <summary>States replaced since the start.</summary>
    public long Repairs => Interlocked.Read(ref _repairs);

    /// <summary>Set before the host is started; what the store finds out goes through here.</summary>
    public void Attach(KeyValueStore store)
    {
        store.StateChecked = Compute;
        store.StateHashed = Hear;
        store.Damaged = reason => Quarantine(reason, null);
    }

    /// <summary>Begins to ask for checks, and with a state that is not to be trusted yet, its replacement.</summary>
    public void Start()
    {
        if (_member.Options.StateHashInterval > TimeSpan.Zero)
        {
            _asking = Task.Run(AskAsync);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _asking.ConfigureAwait(false);
        await _repairing.ConfigureAwait(false);
    }

    /// <exception cref="RpcException">Nothing is served here.</exception>
    public void ThrowIfQuarantined()
    {
        if (_reason is not null)
        {
            throw Errors.Quarantined();
        }
    }

    /// <summary>The state was found wrong by somebody who has stopped applying to it already, or was wrong when the member was started.</summary>
    /// <param name="reason">What was found.</param>
    /// <param name="isReplaced">It was replaced before the member was started, and not verified yet.</param>
    public void Found(string reason, bool isReplaced = false)
    {
        if (Enter(reason, null, isReplaced) && isReplaced)
        {
            Replaced(0);
        }
    }

    /// <summary>The state was found wrong by somebody who reads it.</summary>
    public void Suspect(string reason) => Quarantine(reason, null);

    /// <summary>How far the host is with taking another member's state.</summary>
    public void TrustChanged(StateTrust trust)
    {
        if (trust == StateTrust.Verifying && _reason is not null)
        {
            Replaced(_member.Host?.Status.AppliedIndex ?? 0);
        }
    }

    private void Quarantine(string reason, ByteString? doubtful)
    {
        if (Enter(reason, doubtful, isReplaced: false))
        {
            (_member.Host as ReplicaHost)?.Distrust(reason);
        }
    }

    /// <summary>Nothing is served from here on. False when it was so already.</summary>
    private bool Enter(string reason, ByteString? doubtful, bool isReplaced)
    {
        lock (_lock)
        {
            bool isNew = _reason is null;
            if (!isNew && _verifyAfter == long.MaxValue)
            {
                // The state is being replaced already. A new one that is wrong too is another matter.
                return false;
            }

            _reason = reason;
            _doubtful = doubtful ?? _doubtful;
            _verifyAfter = long.MaxValue;
            Volatile.Write(ref _state, NewState());
            _vote.Renew(_state);
            if (isNew)
            {
                _begunAt = Stopwatch.GetTimestamp();
            }

            _repair?.Cancel();
            _repair = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
            CancellationToken ended = _repair.Token;
            _repairing = Task.WhenAll(_repairing, Task.Run(() => RaiseAsync(ended), CancellationToken.None));
        }

        _log.StateDistrusted(reason);
        _ = Volatile.Read(ref _serving).CancelAsync();
        try
        {
            if (!isReplaced && !_member.Store.AwaitsState)
            {
                _member.Store.MarkDamaged();
            }
        }
        catch (IOException exception)
        {
            // After a restart nobody would know.
            _log.StateNotMarked(exception.Message);
        }

        return true;
    }

    private void Replaced(long index)
    {
        lock (_lock)
        {
            if (_repair is not { } repair || _verifyAfter != long.MaxValue)
            {
                return;
            }

            _verifyAfter = index;
            _verified = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            Task verified = _verified.Task;
            CancellationToken ended = repair.Token;
            _repairing = Task.WhenAll(_repairing, Task.Run(() => VerifyAsync(verified, index, ended), CancellationToken.None));
        }
    }

    /// <summary>Has the alarm raised. Its command is applied everywhere else; here it is, when there is a state again that it can be applied to.</summary>
    private async Task RaiseAsync(CancellationToken cancellationToken)
    {
        while (!await TryProposeAsync(new StateHash { Quarantine = new StateHash.Types.Quarantine { Member = _self } }, cancellationToken).ConfigureAwait(false))
        {
            if (!await DelayAsync(RetryAfter, cancellationToken).ConfigureAwait(false))
            {
                return;
            }
        }
    }

    private async Task VerifyAsync(Task verified, long index, CancellationToken cancellationToken)
    {
        try
        {
            while (!verified.IsCompleted)
            {
                ByteString from = _doubtful ?? _vote.Next;
                await TryProposeAsync(Check(from), cancellationToken).ConfigureAwait(false);
                await Task.WhenAny(verified, Task.Delay(VerifyAgainAfter, cancellationToken)).ConfigureAwait(false);
                cancellationToken.ThrowIfCancellationRequested();
            }

            while (!await TryProposeAsync(new StateHash { Quarantine = new StateHash.Types.Quarantine { Member = _self, Lifted = true } }, cancellationToken).ConfigureAwait(false))
            {
                await Task.Delay(RetryAfter, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            return;
        }

        lock (_lock)
        {
            if (cancellationToken.IsCancellationRequested || _reason is not { } reason)
            {
                return;
            }

            (_member.Host as ReplicaHost)?.StateVerified();
            Interlocked.Increment(ref _repairs);
            _log.StateRepaired(reason, index, Stopwatch.GetElapsedTime(_begunAt).TotalSeconds);
            _doubtful = null;
            _verifyAfter = long.MaxValue;
            _repair = null;
            Volatile.Write(ref _serving, CancellationTokenSource.CreateLinkedTokenSource(_stop.Token));
            _reason = null;
        }
    }

    private async Task AskAsync()
    {
        while (await DelayAsync(_member.Options.StateHashInterval, _stop.Token).ConfigureAwait(false))
        {
            if (_member.Host.Status.Role == Role.Leader && _reason is null)
            {
                await TryProposeAsync(Check(_vote.Next), _stop.Token).ConfigureAwait(false);
            }
        }
    }

    private static ulong NewState() => (ulong)DateTimeOffset.UtcNow.Ticks;

    private static StateHash Check(ByteString from) => new() { Check = new StateHash.Types.Check { From = from, MaxBytes = BytesPerCheck } };

    /// <summary>On the thread that applies: the hash is computed beside it.</summary>
    private void Compute(StateCheck check)
    {
        if (Interlocked.Exchange(ref _isComputing, 1) != 0)
        {
            Interlocked.Increment(ref _skipped);
            check.Dispose();
            return;
        }

        ulong state = Volatile.Read(ref _state);
        _ = Task.Run(async () =>
        {
            StateHash.Types.Report report;
            try
            {
                using (check)
                {
                    report = check.Compute(_self, state);
                }
            }
            catch (StateDamagedException exception)
            {
                Quarantine(exception.Message, null);
                return;
            }
            finally
            {
                Volatile.Write(ref _isComputing, 0);
            }

            Interlocked.Increment(ref _checks);
            await TryProposeAsync(new StateHash { Report = report }, _stop.Token).ConfigureAwait(false);
        });
    }

    /// <summary>On the thread that applies.</summary>
    private void Hear(StateHash hash, long index)
    {
        if (hash.BodyCase == StateHash.BodyOneofCase.Quarantine)
        {
            if (hash.Quarantine.Member != _self && hash.Quarantine.Member != 0)
            {
                _log.OtherIsQuarantined(new MemberId(hash.Quarantine.Member).ToString(), hash.Quarantine.Lifted ? "has replaced its state and serves again" : "has found its state damaged or different, serves nothing and replaces it");
            }
        }
        else if (hash.BodyCase == StateHash.BodyOneofCase.Check)
        {
            foreach (StateFinding undecided in _vote.Opened(index, hash.Check.From))
            {
                Conclude(undecided);
            }
        }
        else if (_member.Host is { } host && _vote.Reported(hash.Report, [.. host.Status.Configuration.Voters.Where(voter => !host.Status.Configuration.IsWitness(voter)).Select(static voter => voter.Value)]) is { } finding)
        {
            Conclude(finding);
        }
    }

    private void Conclude(StateFinding finding)
    {
        switch (finding.Verdict)
        {
            case StateVerdict.Differs:
                Quarantine(finding.Reason, finding.From);
                break;
            case StateVerdict.Undecided:
                _log.StatesDiffer(finding.Reason);
                if (_member.Host?.Status.Role == Role.Leader)
                {
                    _ = TryProposeAsync(new StateHash { Quarantine = new StateHash.Types.Quarantine() }, _stop.Token);
                }

                break;
            case StateVerdict.Agrees when finding.Index > Volatile.Read(ref _verifyAfter) && (_doubtful is null || _doubtful.Equals(finding.From)):
                _verified?.TrySetResult();
                break;
        }
    }

    /// <summary>True when it was applied here.</summary>
    private async Task<bool> TryProposeAsync(StateHash hash, CancellationToken cancellationToken)
    {
        if (_member.Host is not { } host)
        {
            return false;
        }

        try
        {
            await host.ProposeAsync(new Command { StateHash = hash }.ToBuffer(), cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (Exception exception) when (exception is RefusedException or OutcomeUnknownException or OperationCanceledException)
        {
            return false;
        }
    }

    private static async Task<bool> DelayAsync(TimeSpan time, CancellationToken cancellationToken)
    {
        try
        {
            await Task.Delay(time, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
