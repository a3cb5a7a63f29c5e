using System.Net;
using Microsoft.Extensions.Logging;
using Veche.Hosting.Peers;
using Veche.Log;
using Veche.Raft;
using Veche.Replica;

namespace Veche.Hosting;

/// <summary>
/// A member on real threads, sockets and disks. The replica decides; this only carries out: one thread writes the log, one applies,
/// connections bring and take messages, and the replica's own loop runs on whichever thread has something for it.
/// </summary>
public sealed partial class ReplicaHost : IReplicaHost, IAsyncDisposable
{
    private const int SweepIntervalMs = 100;

    private readonly ReplicaHostOptions _options;
    private readonly IStateMachine _stateMachine;
    private readonly ICallHandler? _calls;
    private readonly IReplicaObserver? _observer;
    private readonly ReplicaMetrics _metrics = new();
    private readonly HostLog _log;
    private readonly Veche.Replica.Replica _replica;
    private readonly ReplicaOutput _output = new();
    private readonly ReplicaLoop _loop;
    private readonly WriteAheadLog _wal;
    private readonly SnapshotStore _snapshots;
    private readonly IDisk _disk;
    private readonly Incarnation _incarnation;
    private readonly WorkQueue<LogWork> _logWork;
    private readonly WorkQueue<ApplyWork> _applyWork;
    private readonly PeerListener _listener;
    private readonly PeerDialer _dialer;
    private readonly Timer _ticker;
    private readonly Timer _sweeper;
    private readonly CancellationTokenSource _stop = new();
    private readonly WaiterTable _waiters = new();
    private readonly ReplicaInput.Submit _submit;
    private readonly List<Submission> _turnSubmissions = [];
    private long _lastSequence;
    private long _armedForNs;
    private volatile MemberStatus _status;
    private Exception? _failure;
    private int _stopping;

    private ReplicaHost(ReplicaHostOptions options, IStateMachine stateMachine, ICallHandler? calls, IReplicaObserver? observer, ILogger? logger, OpenedStorage storage)
    {
        _options = options;
        _stateMachine = stateMachine;
        _calls = calls;
        _observer = observer;
        _log = new HostLog(logger);
        _disk = storage.Disk;
        _incarnation = storage.Incarnation;
        _wal = storage.Log;
        _snapshots = storage.Snapshots;
        long started = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();

        // Numbers of commands and forwards must never repeat across restarts: they begin at the wall clock, which leaves a million a millisecond.
        _lastSequence = started << 20;
        _replica = new Veche.Replica.Replica(
            new ReplicaOptions
            {
                Raft = new RaftOptions
                {
                    Id = options.Id,
                    IsWitness = options.IsWitness,
                    Seed = options.Id.Value ^ (ulong)started,
                    ElectionTimeoutMs = options.ElectionTimeoutMs,
                    HeartbeatIntervalMs = options.HeartbeatIntervalMs,
                    LeaseClockDriftBoundMs = options.LeaseClockDriftBoundMs,
                    StallBoundMs = options.LeaderStallMs switch { null => 4 * options.ElectionTimeoutMs, 0 => null, int bound => bound },
                },
                IsForWitnesses = stateMachine.IsForWitnesses,
                SnapshotEntries = options.SnapshotEntries,
                SnapshotBytes = options.SnapshotBytes,
                TrailingEntries = options.TrailingEntries,
                LogIsRead = options.LogIsRead,
                EntryCacheBytes = options.EntryCacheBytes,
                StateIsDurable = stateMachine.IsDurable,
            },
            storage.Start,
            options.StateIsLost ? storage.Start.Base.Position : stateMachine.Applied,
            started << 20,
            MonotonicClock.Read());
        _appliedConfiguration = _replica.Core.ConfigurationAt(_replica.Applied.Index);
        _isAwaited = _waiters.Contains;
        if (storage.TornTailBytesCut > 0)
        {
            _log.TornTailCut(_wal.Last.Index);
        }

        if (storage.Start.LostThroughTerm is not null)
        {
            _log.LogIsRefilled();
        }

        _submit = new ReplicaInput.Submit(_turnSubmissions);
        _loop = new ReplicaLoop(Turn);
        _addresses = new PeerAddresses(options.InitialMembers);
        _dialer = new PeerDialer(options.Id, options.ClusterId, storage.Incarnation.Value, options.Tls, Math.Max(2 * options.ElectionTimeoutMs, 1000), _log, Expel);
        _listener = new PeerListener(options, Math.Max(2 * options.ElectionTimeoutMs, 1000), _log, new Receiver(this));
        _logWork = new WorkQueue<LogWork>("veche-log", DoLogWork, Fail);
        _applyWork = new WorkQueue<ApplyWork>("veche-apply", DoApplyWork, Fail);
        _tidyTimer = new Timer(_ => _applyWork.Post(new ApplyWork(Tidy: true)));
        _ticker = new Timer(static host => ((ReplicaHost)host!).OnTimer(), this, Timeout.Infinite, Timeout.Infinite);
        _sweeper = new Timer(static host => ((ReplicaHost)host!).Sweep(), this, Timeout.Infinite, Timeout.Infinite);
        _status = BuildStatus();
    }

    /// <inheritdoc/>
    public MemberId Id => _options.Id;

    /// <inheritdoc/>
    public MemberStatus Status => _status;

    /// <summary>Where it listens for the other members.</summary>
    public IReadOnlyList<IPEndPoint> ListenEndpoints { get; private set; } = [];

    /// <summary>Counters and timings of the member.</summary>
    public ReplicaMetrics Metrics => _metrics;

    /// <summary>Starts a member: recovers its log, brings the state machine up to its last snapshot, and joins the others.</summary>
    /// <param name="options">How to run it.</param>
    /// <param name="stateMachine">What it replicates.</param>
    /// <param name="calls">Answers other members' calls; null refuses them.</param>
    /// <param name="observer">Told about what happens to the member.</param>
    /// <param name="logger">For what an operator should know.</param>
    /// <exception cref="HostStartException">The data directory or the listen address cannot be used; the message says why and what to do.</exception>
    public static ReplicaHost Start(ReplicaHostOptions options, IStateMachine stateMachine, ICallHandler? calls = null, IReplicaObserver? observer = null, ILogger? logger = null)
    {
        OpenedStorage storage = OpenedStorage.Open(options, stateMachine);
        ReplicaHost host;
        try
        {
            host = new ReplicaHost(options, stateMachine, calls, observer, logger, storage);
        }
        catch
        {
            storage.Dispose();
            throw;
        }

        try
        {
            host.ListenEndpoints = host._listener.Bind(options.Listen);
        }
        catch (System.Net.Sockets.SocketException exception)
        {
            host.DisposeAsync().AsTask().GetAwaiter().GetResult();
            throw new HostStartException($"cannot listen for peers on {string.Join(", ", options.Listen)}: {exception.Message}. Is another member running there? Choose another peer address.", exception);
        }

        host.Begin();
        return host;
    }

    /// <summary>Tells where a member is to be reached, from now on.</summary>
    public void SetAddress(MemberId member, DnsEndPoint address) => _addresses.Set(member, address);

    /// <inheritdoc/>
    public ValueTask<object?> ProposeAsync(CommandBuffer command, CancellationToken cancellationToken = default) =>
        Propose(command, _options.RequestTimeoutMs, null, cancellationToken);

    private ValueTask<object?> Propose(CommandBuffer command, int timeoutMs, RuleProgress? progress, CancellationToken cancellationToken)
    {
        if (command.Length > _options.MaxCommandBytes)
        {
            throw new RefusedException(RefusalReason.TooLarge, $"the command has {command.Length} bytes; at most {_options.MaxCommandBytes} are allowed");
        }

        ThrowIfStopping();
        if (!_wal.HasRoom || _isLowOnSpace)
        {
            throw new RefusedException(RefusalReason.NoSpace, "the disk is full: free some space, and writes go on by themselves");
        }

        cancellationToken.ThrowIfCancellationRequested();
        long sequence = Interlocked.Increment(ref _lastSequence);
        long deadlineNs = MonotonicClock.Read() + (timeoutMs * 1_000_000L);
        ReadOnlyMemory<byte> data = command.Seal(Id, sequence);
        CommandWaiter waiter = CommandWaiter.Rent(data, deadlineNs, _status.CommitIndex, progress);
        ValueTask<object?> task = waiter.Task;
        _waiters.Add(sequence, waiter);
        _loop.Submit(new Submission(sequence, deadlineNs, data, progress?.Rule));
        return task;
    }

    /// <summary>Stops the member: hands leadership over if it leads and anybody can take it, then closes everything.</summary>
    public async Task StopAsync(CancellationToken cancellationToken = default)
    {
        await HandOverAsync(cancellationToken).ConfigureAwait(false);
        await DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>Hands leadership over if this member leads and anybody can take it; gives up after two election timeouts.</summary>
    public async Task HandOverAsync(CancellationToken cancellationToken = default)
    {
        if (_replica.Core.Role == Role.Leader && _replica.Core.Configuration.Voters.Count > 1)
        {
            // A hand-over either succeeds within an election timeout or not at all; when everybody stops at once there is nobody to take it.
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(2 * _options.ElectionTimeoutMs);
            try
            {
                await TransferLeadershipAsync(MemberId.None, limit.Token).ConfigureAwait(false);
            }
            catch (Exception exception) when (exception is RefusedException or OutcomeUnknownException or OperationCanceledException)
            {
                _log.HandOverFailed(exception.Message);
            }
        }
    }

    /// <summary>Closes everything at once, without handing leadership over. What was acknowledged is on disk.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _stopping, 1) != 0)
        {
            return;
        }

        await _stop.CancelAsync().ConfigureAwait(false);
        _loop.Stop();
        await _ticker.DisposeAsync().ConfigureAwait(false);
        await _sweeper.DisposeAsync().ConfigureAwait(false);
        await _listener.DisposeAsync().ConfigureAwait(false);
        foreach (PeerLink link in _links.Values)
        {
            await link.DisposeAsync().ConfigureAwait(false);
        }

        _logWork.Dispose();
        _applyWork.Dispose();
        await _tidyTimer.DisposeAsync().ConfigureAwait(false);
        FailEverybody(new RefusedException(RefusalReason.Stopping, "the member is stopping"));
        _wal.Dispose();
        (_disk as IDisposable)?.Dispose();
        _receivingSnapshot.Dispose();
        _roomForEntries.Dispose();
        _stop.Dispose();
    }

    private void Begin()
    {
        _listener.Start();
        foreach (MemberId member in _options.InitialMembers.Keys)
        {
            LinkTo(member);
        }

        WatchSpace();
        if (_options.StateIsLost)
        {
            _loop.Post(new ReplicaInput.StateDistrusted(IsReplaced: false));
        }

        _sweeper.Change(SweepIntervalMs, SweepIntervalMs);
        _loop.Post(ReplicaInput.Tick.Instance);
    }

    private void ThrowIfStopping()
    {
        if (Volatile.Read(ref _failure) is { } failure)
        {
            throw new RefusedException(RefusalReason.Stopping, $"the member has stopped itself: {failure.Message}");
        }

        if (Volatile.Read(ref _stopping) != 0)
        {
            throw new RefusedException(RefusalReason.Stopping, "the member is stopping");
        }
    }

    /// <summary>The member cannot go on: a disk that failed once is never trusted again in this process.</summary>
    private void Fail(Exception exception)
    {
        if (Interlocked.CompareExchange(ref _failure, exception, null) is not null)
        {
            return;
        }

        _loop.Stop();
        if (exception is IOException or MemberExpelledException)
        {
            _log.MemberFailed(exception.Message);
        }
        else
        {
            // Not the disk's doing but a defect: whoever repairs it wants to know where.
            _log.MemberFailed(exception);
        }

        FailEverybody(new OutcomeUnknownException($"the member has stopped itself: {exception.Message}"));
        _observer?.Failed(exception);
    }

    private void FailEverybody(Exception exception)
    {
        List<CommandWaiter> waiters = [];
        _waiters.RemoveAll(waiters);
        foreach (CommandWaiter waiter in waiters)
        {
            // A command that is already on its way may still be committed by the others.
            waiter.Fail(new OutcomeUnknownException(exception.Message) { Command = waiter.Identity });
        }

        FailReads(exception);
        FailAdministration(exception);
        FailCalls(exception);
    }

    private void Sweep()
    {
        WatchSpace();
        ScrubSome();

        // The replica has its word first: what it still holds it refuses at the deadline, and then the outcome is known.
        long nowNs = MonotonicClock.Read() - (2 * SweepIntervalMs * 1_000_000L);
        List<CommandWaiter> expired = [];
        _waiters.RemoveExpired(nowNs, nowNs + (2 * SweepIntervalMs * 1_000_000L), expired);
        foreach (CommandWaiter waiter in expired)
        {
            waiter.Fail(waiter.Progress is { IsApplied: true } progress
                ? new RuleNotReachedException(progress.Outcome)
                : new OutcomeUnknownException("the request timed out; it may or may not take effect") { Command = waiter.Identity });
        }

        SweepReads(nowNs);
        SweepCalls(nowNs);
    }
}
