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

    private static readonly TimeSpan LongestWait = TimeSpan.FromHours(1);

    private readonly MemberContext _member;
    private readonly ServerLog _log;
    private readonly ulong _self;
    private readonly CancellationTokenSource _stop;
    private readonly Lock _lock = new();
    private readonly StateQuarantine _quarantine;
    private readonly SemaphoreSlim _wake = new(0, 1);
    private volatile string? _reason;
    private CancellationTokenSource _serving;
    private Task _running = Task.CompletedTask;
    private long _begunAt;
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
        TimeSpan interval = member.Options.StateHashInterval;
        _quarantine = new StateQuarantine(_self, NewState(), interval > TimeSpan.Zero ? interval.Ticks * 100 : null, BytesPerCheck);
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
        store.StateReplaced = Renew;
    }

    private void Renew()
    {
        lock (_lock)
        {
            _quarantine.Renew(NewState());
        }
    }

    /// <summary>Begins to ask for checks, and to see to a state that is not to be trusted.</summary>
    public void Start() => _running = Task.Run(RunAsync);

    public async ValueTask DisposeAsync() => await _running.ConfigureAwait(false);

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
    public void Found(string reason, bool isReplaced = false) => Enter(reason, null, isReplaced);

    /// <summary>The state was found wrong by somebody who reads it.</summary>
    public void Suspect(string reason) => Quarantine(reason, null);

    /// <summary>How far the host is with taking another member's state.</summary>
    public void TrustChanged(StateTrust trust)
    {
        if (trust == StateTrust.Verifying)
        {
            lock (_lock)
            {
                _quarantine.Replaced(_member.Host?.Status.AppliedIndex ?? 0, MemberContext.NowNs);
            }

            Wake();
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
            if (!_quarantine.Enter(reason, doubtful, NewState(), MemberContext.NowNs))
            {
                return false;
            }

            _reason = reason;
            if (isNew)
            {
                _begunAt = Stopwatch.GetTimestamp();
            }

            if (isReplaced)
            {
                _quarantine.Replaced(0, MemberContext.NowNs);
            }
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

        Wake();
        return true;
    }

    /// <summary>Something is due before what was waited for, or it may be.</summary>
    private void Wake()
    {
        lock (_lock)
        {
            if (_wake.CurrentCount == 0)
            {
                _wake.Release();
            }
        }
    }

    private async Task RunAsync()
    {
        List<QuarantineProposal> due = [];
        List<Task> proposals = [];
        while (!_stop.IsCancellationRequested)
        {
            TimeSpan wait;
            lock (_lock)
            {
                long now = MemberContext.NowNs;
                _quarantine.TakeDue(now, _member.Host.Status.Role == Role.Leader, due);
                long next = _quarantine.NextNs;
                wait = TimeSpan.FromMilliseconds(next == long.MaxValue ? LongestWait.TotalMilliseconds : Math.Clamp((next - now) / 1e6, 1, LongestWait.TotalMilliseconds));
            }

            proposals.RemoveAll(static proposal => proposal.IsCompleted);
            proposals.AddRange(due.Select(ProposeAsync));
            due.Clear();
            try
            {
                await _wake.WaitAsync(wait, _stop.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                break;
            }
        }

        await Task.WhenAll(proposals).ConfigureAwait(false);
    }

    /// <summary>An alarm's command is applied everywhere else; here it is, when there is a state again that it can be applied to.</summary>
    private async Task ProposeAsync(QuarantineProposal proposal)
    {
        bool isApplied = await TryProposeAsync(proposal.Command, _stop.Token).ConfigureAwait(false);
        lock (_lock)
        {
            string? reason = _reason;
            if (_quarantine.Ended(proposal, isApplied, MemberContext.NowNs))
            {
                (_member.Host as ReplicaHost)?.StateVerified();
                Interlocked.Increment(ref _repairs);
                _log.StateRepaired(reason!, _quarantine.ReplacedAt, Stopwatch.GetElapsedTime(_begunAt).TotalSeconds);
                Volatile.Write(ref _serving, CancellationTokenSource.CreateLinkedTokenSource(_stop.Token));
                _reason = null;
            }
        }

        Wake();
    }

    private static ulong NewState() => (ulong)DateTimeOffset.UtcNow.Ticks;

    /// <summary>On the thread that applies: the hash is computed beside it.</summary>
    private void Compute(StateCheck check)
    {
        if (Interlocked.Exchange(ref _isComputing, 1) != 0)
        {
            Interlocked.Increment(ref _skipped);
            check.Dispose();
            return;
        }

        ulong state;
        lock (_lock)
        {
            state = _quarantine.State;
        }

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

        if (_member.Host is not { } host)
        {
            return;
        }

        IReadOnlyList<StateFinding> findings;
        lock (_lock)
        {
            Configuration members = host.Status.Configuration;
            findings = _quarantine.Hear(hash, index, [.. members.Voters.Where(voter => !members.IsWitness(voter)).Select(static voter => voter.Value)], host.Status.Role == Role.Leader, MemberContext.NowNs);
        }

        Wake();
        foreach (StateFinding finding in findings)
        {
            if (finding.Verdict == StateVerdict.Differs)
            {
                Quarantine(finding.Reason, finding.From);
            }
            else
            {
                _log.StatesDiffer(finding.Reason);
            }
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
}
