using System.Globalization;
using Grpc.Core;
using Veche.Api;
using Veche.Hosting;

namespace Veche.Server.Semantics;

/// <summary>Lets a read through when what it was promised holds, and says beside the reply how fresh it is.</summary>
internal sealed class ReadGate(MemberContext member)
{
    private readonly Freshness _freshness = new();
    private readonly StateWaiters _waiters = new(member.Store);
    private int _isRefreshing;

    /// <summary>A read that was let through.</summary>
    /// <param name="Speaks">The client is told about it.</param>
    /// <param name="AsOfNs">Nothing from before this moment is missing; null when that is not known.</param>
    /// <param name="Warning">What the client should know; null for nothing.</param>
    public readonly record struct Pass(bool Speaks, long? AsOfNs, string? Warning);

    /// <summary>The state has moved on.</summary>
    public void Advanced() => _waiters.Advanced();

    /// <summary>Lets a range through.</summary>
    public ValueTask<Pass> AdmitAsync(RangeRequest request, ServerCallContext context) =>
        AdmitAsync(request.Serializable, request, static (rules, range) => rules.For(range.Key, range.RangeEnd), context);

    /// <summary>Lets a transaction through that only reads.</summary>
    public ValueTask<Pass> AdmitAsync(TxnRequest request, bool serializable, ServerCallContext context) =>
        AdmitAsync(serializable, request, static (rules, transaction) => rules.For(transaction), context);

    /// <summary>Says beside a reply what it showed.</summary>
    public void Say(in Pass pass, ResponseHeader header, ServerCallContext context)
    {
        if (!pass.Speaks)
        {
            return;
        }

        SayToken(header, context);
        if (pass.AsOfNs is { } asOfNs)
        {
            context.Say(SemanticsHeaders.AgeMs, AgeMs(asOfNs).ToString(CultureInfo.InvariantCulture));
        }

        if (pass.Warning is { } warning)
        {
            context.Say(SemanticsHeaders.Warning, warning);
        }
    }

    /// <summary>Says beside the reply to a write where it is, so that whoever reads next can ask for at least that.</summary>
    public void SayWritten(ResponseHeader header, ServerCallContext context)
    {
        // A write that was answered before it was applied has no revision yet.
        if (header.Revision > 0 && context.SpeaksVeche())
        {
            SayToken(header, context);
        }
    }

    /// <summary>Waits until this member shows what the token of a request names, when it has one.</summary>
    /// <exception cref="RpcException">It is none of this cluster's, or this member did not come so far in time.</exception>
    public async ValueTask AwaitTokenAsync(ServerCallContext context)
    {
        if (context.Asked(SemanticsHeaders.After) is { } text)
        {
            await AwaitAsync(text, context).ConfigureAwait(false);
        }
    }

    private ValueTask<Pass> AdmitAsync<TRequest>(bool serializable, TRequest request, Func<ReadRules, TRequest, ReadConcern> ruled, ServerCallContext context)
    {
        ReadRules rules = member.Options.ReadRules;
        bool speaks = context.SpeaksVeche();
        if (!speaks && (serializable || rules.IsPlain))
        {
            // Nothing that etcd does not have.
            return AdmitPlainAsync(serializable, context.CancellationToken);
        }

        ReadConcern concern = Asked(context) ?? (serializable ? new ReadConcern(ReadLevel.Stale) : ruled(rules, request));
        return AdmitAsync(concern, speaks, context);
    }

    private async ValueTask<Pass> AdmitPlainAsync(bool serializable, CancellationToken cancellationToken)
    {
        if (!serializable)
        {
            await ConfirmAsync(default, cancellationToken).ConfigureAwait(false);
        }

        return default;
    }

    private async ValueTask<Pass> AdmitAsync(ReadConcern concern, bool speaks, ServerCallContext context)
    {
        Pass pass = concern.Level switch
        {
            ReadLevel.Linearizable => new Pass(speaks, await ConfirmAsync(default, context.CancellationToken).ConfigureAwait(false), null),
            ReadLevel.Lease => await ByLeaseAsync(speaks, context.CancellationToken).ConfigureAwait(false),
            ReadLevel.Bounded => await WithinBoundsAsync(concern, speaks, context.CancellationToken).ConfigureAwait(false),
            _ => new Pass(speaks, null, null),
        };
        await AwaitTokenAsync(context).ConfigureAwait(false);
        if (pass.AsOfNs is null)
        {
            pass = pass with { AsOfNs = _freshness.AsOfNs(member.Host.Status.AppliedIndex), Warning = pass.Warning ?? NoLeader() };
            RefreshBehind();
        }

        return pass;
    }

    private static ReadConcern? Asked(ServerCallContext context)
    {
        if (context.Asked(SemanticsHeaders.ReadConcern) is not { } text)
        {
            return null;
        }

        try
        {
            return ReadConcern.Parse(text);
        }
        catch (FormatException exception)
        {
            throw Errors.BadRequest(exception.Message);
        }
    }

    /// <summary>Asks for what was committed by now, waits until it is applied, and returns the moment of the question.</summary>
    private async ValueTask<long> ConfirmAsync(ReadBarrier barrier, CancellationToken cancellationToken)
    {
        long askedNs = MemberContext.NowNs;
        long applied = await member.ConfirmReadAsync(barrier, cancellationToken).ConfigureAwait(false);
        if (!barrier.AllowLease)
        {
            // A lease rests on clocks, and an age must not.
            _freshness.Confirmed(askedNs, applied + barrier.MaxEntriesBehind);
        }

        return askedNs;
    }

    private async ValueTask<Pass> ByLeaseAsync(bool speaks, CancellationToken cancellationToken) => member.Options.LeaseClockDriftMs is null
        ? throw Errors.NoLease()
        : new Pass(speaks, await ConfirmAsync(new ReadBarrier(AllowLease: true), cancellationToken).ConfigureAwait(false), null);

    private async ValueTask<Pass> WithinBoundsAsync(ReadConcern concern, bool speaks, CancellationToken cancellationToken)
    {
        long maxEntriesBehind = concern.MaxRevisions ?? 0;
        if (concern.MaxAgeMs is { } maxAgeMs
            && _freshness.AsOfNs(member.Host.Status.AppliedIndex, maxEntriesBehind) is { } asOfNs
            && MemberContext.NowNs - asOfNs <= maxAgeMs * 1_000_000)
        {
            return new Pass(speaks, asOfNs, NoLeader());
        }

        // An entry makes one revision at most, so a bound on entries is one on revisions.
        Task<long> confirming = ConfirmAsync(new ReadBarrier(MaxEntriesBehind: maxEntriesBehind), cancellationToken).AsTask();
        try
        {
            return new Pass(speaks, await confirming.WaitAsync(PatienceOf(concern), cancellationToken).ConfigureAwait(false), null);
        }
        catch (Exception exception) when (exception is TimeoutException or RpcException { StatusCode: StatusCode.Unavailable })
        {
            member.ThrowIfStopping();
        }

        long? lastNs = _freshness.AsOfNs(member.Host.Status.AppliedIndex);
        string how = lastNs is { } knownNs ? $"the state of this member is {AgeMs(knownNs)} ms old" : "the age of this member's state is not known";
        return concern.Degrades
            ? new Pass(speaks, lastNs, $"no quorum confirms a newer state: {how}, which is not within {concern}")
            : throw Errors.BeyondBounds($"{how}, and no quorum confirms a newer one within {concern}");
    }

    /// <summary>An election timeout is what it takes to notice that there is no quorum, and another to find one. Who takes an older state as well does not wait for that.</summary>
    private TimeSpan PatienceOf(ReadConcern concern) =>
        !concern.Degrades ? TimeSpan.FromMilliseconds(2 * member.Options.ElectionTimeoutMs)
        : member.Host.Status.Leader.IsNone ? TimeSpan.Zero
        : TimeSpan.FromMilliseconds(member.Options.ElectionTimeoutMs);

    private async Task AwaitAsync(string text, ServerCallContext context)
    {
        CausalToken token;
        try
        {
            token = CausalToken.Parse(text);
        }
        catch (FormatException exception)
        {
            throw Errors.BadRequest(exception.Message);
        }

        if (token.ClusterId != member.Identity.ClusterId)
        {
            throw Errors.TokenRefused($"the token is of cluster {token.ClusterId:x}, and this is {member.Identity.ClusterId:x}; read without it, and take the token of the reply");
        }

        if (_waiters.Shows(token))
        {
            return;
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, member.Stopping);
        limit.CancelAfter(member.Options.RequestTimeoutMs);
        Task shown = _waiters.WaitAsync(token, limit.Token);
        Task<bool> gone = IsGoneAsync(token);
        await Task.WhenAny(shown, gone).ConfigureAwait(false);
        if (!shown.IsCompleted && await gone.ConfigureAwait(false))
        {
            await limit.CancelAsync().ConfigureAwait(false);
            throw Errors.TokenRefused($"the token names revision {token.Revision}, and the whole cluster is at {member.Store.CurrentRevision}: it is of a history that is gone, because a backup was restored; read without it, and take the token of the reply");
        }

        try
        {
            await shown.ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            context.CancellationToken.ThrowIfCancellationRequested();
            member.ThrowIfStopping();
            throw Errors.NotYet($"this member shows revision {member.Store.CurrentRevision} (index {member.Store.AppliedIndex} of the log), and the token names revision {token.Revision} (index {token.Index}); ask another member, or again later");
        }
    }

    /// <summary>A revision is named only after it was committed. When a quorum has confirmed all that is, and it is not there, it is of another history. False while nobody confirms.</summary>
    private async Task<bool> IsGoneAsync(CausalToken token)
    {
        try
        {
            await ConfirmAsync(default, member.Stopping).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is RpcException or OperationCanceledException)
        {
            return false;
        }

        return token.Revision > member.Store.CurrentRevision;
    }

    /// <summary>Whoever takes any state still wants to know its age: a question behind its back, so that the next knows better. One at a time.</summary>
    private void RefreshBehind()
    {
        if (member.Host.Status.Leader.IsNone || Interlocked.Exchange(ref _isRefreshing, 1) != 0)
        {
            return;
        }

        _ = RefreshAsync();
    }

    private async Task RefreshAsync()
    {
        try
        {
            await ConfirmAsync(default, member.Stopping).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is RpcException or OperationCanceledException)
        {
            // The age stays what it was, which is what the next reply says.
            return;
        }
        finally
        {
            Volatile.Write(ref _isRefreshing, 0);
        }
    }

    private string? NoLeader() => member.Host.Status.Leader.IsNone ? "this member knows no leader: newer states may be elsewhere" : null;

    private static long AgeMs(long asOfNs) => (MemberContext.NowNs - asOfNs + 999_999) / 1_000_000;

    private void SayToken(ResponseHeader header, ServerCallContext context)
    {
        context.Say(SemanticsHeaders.Revision, header.Revision.ToString(CultureInfo.InvariantCulture));
        context.Say(SemanticsHeaders.Token, new CausalToken(member.Identity.ClusterId, header.Revision, 0, member.Host.Status.Term).ToString());
    }
}
