using System.Buffers.Binary;
using System.Text;
using Google.Protobuf;
using Veche.Api;
using Veche.Api.Commands;
using Veche.Hosting;
using Veche.Raft;
using Veche.Server.Auth;
using Veche.Store;
using LeaseCheckpoint = Veche.Api.Commands.LeaseCheckpoint;

namespace Veche.Server;

/// <summary>Keeps the leases' time on the leader: renews, tells what is left, and revokes what has run out. Elsewhere it asks the leader.</summary>
internal sealed class LeaseKeeper(MemberContext member) : IAsyncDisposable
{
    private const int SweepIntervalMs = 200;

    /// <summary>At most 1,000 revocations a second, as etcd has it: expiry must not drown other writes.</summary>
    private const int MaxRevocationsPerSweep = 200;

    private const int MaxRevocationsInFlight = 400;
    private const byte RenewCall = 1;
    private const byte RemainingCall = 2;
    private const byte RenewForCall = 3;
    private const int QuestionBytes = 9;
    private const int AnswerBytes = 8;

    /// <summary>Whoever takes a checkpoint from the lessor brings it to the log before anybody takes the next: of two about one lease, the later counts.</summary>
    private readonly System.Threading.Lock _checkpointOrder = new();
    private readonly CancellationTokenSource _stop = new();
    private Task _sweeping = Task.CompletedTask;
    private int _inFlight;

    public void Start() => _sweeping = Task.Run(SweepAsync);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _sweeping.ConfigureAwait(false);
        _stop.Dispose();
    }

    /// <summary>Starts a lease's time anew; returns its time to live, 0 when there is no such lease. In the cluster's own name: nobody is asked whether they may.</summary>
    public ValueTask<long> RenewAsync(long id, CancellationToken cancellationToken) => AskAsync(RenewCall, id, null, cancellationToken);

    /// <summary>The same in the name of a caller; nobody's while this member thinks that authentication is off. The leader judges, by everything that was acknowledged before.</summary>
    /// <exception cref="StoreException">The caller may not.</exception>
    public ValueTask<long> RenewAsync(long id, Caller? caller, CancellationToken cancellationToken) => AskAsync(RenewForCall, id, caller ?? new Caller(), cancellationToken);

    /// <summary>Seconds a lease has left; -1 when there is no such lease.</summary>
    public ValueTask<long> RemainingAsync(long id, CancellationToken cancellationToken) => AskAsync(RemainingCall, id, null, cancellationToken);

    /// <summary>Answers another member's question.</summary>
    public async ValueTask<ReadOnlyMemory<byte>> HandleAsync(MemberId from, ReadOnlyMemory<byte> request, CancellationToken cancellationToken)
    {
        bool inNameOfSomebody = request.Length >= QuestionBytes && request.Span[0] == RenewForCall;
        if (request.Length != QuestionBytes && !inNameOfSomebody)
        {
            throw new RefusedException(RefusalReason.Unreachable, "a call that makes no sense");
        }

        Caller? caller = inNameOfSomebody ? Caller.Parser.ParseFrom(request.Span[QuestionBytes..]) : null;
        byte[] answer = new byte[AnswerBytes];
        try
        {
            long value = await AnswerAsync(request.Span[0], BinaryPrimitives.ReadInt64LittleEndian(request.Span[1..]), caller, cancellationToken).ConfigureAwait(false)
                ?? throw new RefusedException(RefusalReason.NotLeader, "this member does not lead");
            BinaryPrimitives.WriteInt64LittleEndian(answer, value);
            return answer;
        }
        catch (StoreException exception)
        {
            // Longer than an answer: a refusal, for whoever asked the member that asks.
            return (byte[])[.. answer, (byte)exception.Error.Code, .. Encoding.UTF8.GetBytes(exception.Error.Message)];
        }
    }

    private async ValueTask<long?> AnswerAsync(byte call, long id, Caller? caller, CancellationToken cancellationToken)
    {
        switch (call)
        {
            case RenewCall or RenewForCall:
                long term = member.Host.Status.Term;
                bool judgesFirst = caller is not null && member.Store.Auth.IsEnabled;
                if (judgesFirst)
                {
                    await member.Host.ReadBarrierAsync(cancellationToken).ConfigureAwait(false);
                    LeasePermissions.RefuseUnlessMayKeep(member.Store, caller, id);
                }

                long? ttl = await CaughtUpAsync(member.Lessor.Renew, id, static ttl => ttl > 0, cancellationToken).ConfigureAwait(false);
                if (ttl is not > 0)
                {
                    return ttl;
                }

                // A leader that was deposed and does not know it yet would promise time that its successor does not count. So a quorum must say, after
                // the renewal, that it still leads: then every later leader begins to count later.
                await member.Host.ReadBarrierAsync(cancellationToken).ConfigureAwait(false);
                if (caller is not null && !judgesFirst)
                {
                    // Authentication may have been turned on before the call and only now have arrived here. Then the lease has lived once more, and
                    // its caller is refused: waiting before each renewal would let leases run out in clusters without users whenever they are busy.
                    LeasePermissions.RefuseUnlessMayKeep(member.Store, caller, id);
                }

                MemberStatus status = member.Host.Status;
                if (status.Role != Raft.Role.Leader || status.Term != term || !await CommitPromiseAsync(id, term).ConfigureAwait(false))
                {
                    return null;
                }

                member.Meters.LeasesRenewed.Inc();
                return ttl;

            case RemainingCall:
                return await CaughtUpAsync(member.Lessor.RemainingSeconds, id, static seconds => seconds >= 0, cancellationToken).ConfigureAwait(false);

            default:
                throw new RefusedException(RefusalReason.Unreachable, "a call of a later version");
        }
    }

    /// <summary>Asks the lessor. What a leader's lessor does not know yet may have been acknowledged to somebody: then it is asked again by everything that was.</summary>
    private async ValueTask<long?> CaughtUpAsync(Func<long, long, long?> ask, long id, Func<long, bool> knows, CancellationToken cancellationToken)
    {
        long? answer = ask(id, MemberContext.NowNs);
        if ((answer is { } known && knows(known)) || !member.Lessor.IsPrimary)
        {
            return answer;
        }

        await member.Host.ReadBarrierAsync(cancellationToken).ConfigureAwait(false);
        return ask(id, MemberContext.NowNs);
    }

    /// <summary>What must be in the log before a renewal may be told; false when this member does not lead the term any more, or cannot say whether it is there.</summary>
    private async ValueTask<bool> CommitPromiseAsync(long id, long term)
    {
        LeaseCheckpoint? first;
        ValueTask<bool> committing;
        lock (_checkpointOrder)
        {
            if (!member.Lessor.MayPromise(id, term, out first))
            {
                return false;
            }

            committing = first is null ? new ValueTask<bool>(true) : CheckpointAsync(first);
        }

        return await committing.ConfigureAwait(false);
    }

    /// <summary>Has a checkpoint committed; true when it counts. It is in the order of the log when this returns its task.</summary>
    private async ValueTask<bool> CheckpointAsync(LeaseCheckpoint checkpoint)
    {
        try
        {
            return await member.Host.ProposeAsync(new Command { LeaseCheckpoint = checkpoint, Caller = new Caller { IsMember = true } }.ToBuffer(), _stop.Token).ConfigureAwait(false) is LeaseCheckpoint;
        }
        catch (RefusedException)
        {
            member.Lessor.Withdraw(checkpoint);
            return false;
        }
        catch (Exception exception) when (exception is OutcomeUnknownException or OperationCanceledException)
        {
            // Should it be in the log, it counts.
            return false;
        }
    }

    private async ValueTask<long> AskAsync(byte call, long id, Caller? caller, CancellationToken cancellationToken)
    {
        byte[] request = new byte[QuestionBytes + (caller?.CalculateSize() ?? 0)];
        request[0] = call;
        BinaryPrimitives.WriteInt64LittleEndian(request.AsSpan(1), id);
        caller?.WriteTo(request.AsSpan(QuestionBytes));
        long deadlineNs = MemberContext.NowNs + (7_000_000_000L);
        while (true)
        {
            MemberId leader = member.Host.Status.Leader;
            try
            {
                if (leader == member.Identity.Self)
                {
                    if (await AnswerAsync(call, id, caller, cancellationToken).ConfigureAwait(false) is { } own)
                    {
                        return own;
                    }
                }
                else if (!leader.IsNone)
                {
                    ReadOnlyMemory<byte> answer = await member.Host.CallAsync(leader, request, cancellationToken).ConfigureAwait(false);
                    return answer.Length == AnswerBytes
                        ? BinaryPrimitives.ReadInt64LittleEndian(answer.Span)
                        : throw new StoreException(new StoreError((StoreErrorCode)answer.Span[AnswerBytes], Encoding.UTF8.GetString(answer.Span[(AnswerBytes + 1)..])));
                }
            }
            catch (RefusedException exception)
            {
                if (exception.Reason == RefusalReason.Stopping)
                {
                    throw Errors.Stopped();
                }
            }

            // Between two leaders: neither renewing nor asking changes anything twice, so it is tried until somebody answers.
            if (MemberContext.NowNs >= deadlineNs)
            {
                throw Errors.NoLeader();
            }

            await Task.Delay(50, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task SweepAsync()
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(SweepIntervalMs));
        List<long> expired = [];
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token).ConfigureAwait(false))
            {
                if (member.Guard.Reason is not null)
                {
                    // Which leases there are is part of the state that is not to be trusted.
                    continue;
                }

                int room = Math.Min(MaxRevocationsPerSweep, MaxRevocationsInFlight - Volatile.Read(ref _inFlight));
                long term = member.Lessor.TakeExpired(MemberContext.NowNs, Math.Max(0, room), expired);
                foreach (long id in expired)
                {
                    Interlocked.Increment(ref _inFlight);
                    _ = RevokeAsync(id, term);
                }

                lock (_checkpointOrder)
                {
                    if (member.Lessor.TakeCheckpoint(MemberContext.NowNs) is { } checkpoint)
                    {
                        _ = CheckpointAsync(checkpoint).AsTask();
                    }
                }

                expired.Clear();
            }
        }
        catch (OperationCanceledException)
        {
            // The member stops.
        }
    }

    private async Task RevokeAsync(long id, long term)
    {
        try
        {
            await member.Host.ProposeAsync(new Command { LeaseRevoke = new LeaseRevokeRequest { ID = id }, ExpiredInTerm = (ulong)term, Caller = new Caller { IsMember = true } }.ToBuffer(), _stop.Token).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is RefusedException or OutcomeUnknownException or OperationCanceledException)
        {
            // The lessor offers it again after a while, here or at the next leader.
        }
        finally
        {
            Interlocked.Decrement(ref _inFlight);
        }
    }
}
