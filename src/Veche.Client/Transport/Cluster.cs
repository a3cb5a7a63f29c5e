using Grpc.Core;
using Polly;
using Polly.CircuitBreaker;
using Polly.Retry;
using Veche.Api;

namespace Veche.Client.Transport;

/// <summary>
/// Speaks to a cluster through whichever member answers. A call that may be made twice is made again elsewhere; a write outside a session only
/// when it is certain that it was not begun.
/// </summary>
internal sealed class Cluster : IDisposable
{
    private static readonly ResiliencePropertyKey<Undertaking> UndertakingKey = new("veche");
    private static readonly TimeSpan StatusTimeout = TimeSpan.FromSeconds(1);

    private readonly VecheClientOptions _options;
    private readonly Endpoint[] _endpoints;
    private readonly RetryBudget _budget;
    private readonly ResiliencePipeline _retry;
    private volatile Endpoint? _leader;
    private volatile string? _token;
    private int _current;
    private int _looking;

    public Cluster(VecheClientOptions options)
    {
        _options = options;
        _endpoints = [.. options.Endpoints.Select(address => new Endpoint(address, options))];
        _budget = new RetryBudget(options.RetryBudget, options.RetryBudgetPerCall);
        _retry = new ResiliencePipelineBuilder { TimeProvider = options.TimeProvider }
            .AddRetry(new RetryStrategyOptions
            {
                MaxRetryAttempts = int.MaxValue,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                Delay = options.RetryDelay,
                MaxDelay = options.MaxRetryDelay,
                ShouldHandle = arguments => ValueTask.FromResult(MayRepeat(arguments.Outcome.Exception, Of(arguments.Context))),

                // Who never got the call costs nobody's time while there are others to ask.
                DelayGenerator = arguments => ValueTask.FromResult<TimeSpan?>(
                    arguments.AttemptNumber < _endpoints.Length - 1 && arguments.Outcome.Exception is BrokenCircuitException or RpcException { StatusCode: StatusCode.Unavailable } ? TimeSpan.Zero : null),
            })
            .Build();
    }

    /// <summary>Where the leader was last seen; null when it is not known.</summary>
    public string? LeaderAddress => _leader?.Address;

    /// <param name="attempt">Makes one attempt.</param>
    /// <param name="repetition">Whether there may be more of them.</param>
    /// <param name="isWrite">Whether the leader is asked first.</param>
    /// <param name="headers">What goes with each.</param>
    /// <param name="timeout">For all together.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <param name="outcomeToken">What to ask with when it is not known what became of it, where that is known before; else the server may give one.</param>
    public async Task<(T Answer, Metadata Trailers)> CallAsync<T>(Attempt<T> attempt, Repetition repetition, bool isWrite, Metadata headers, TimeSpan timeout, CancellationToken cancellationToken, string? outcomeToken = null)
    {
        var undertaking = new Undertaking { Repetition = repetition, PrefersLeader = isWrite && _options.PreferLeader, Started = _options.TimeProvider.GetTimestamp(), Timeout = timeout, OutcomeToken = outcomeToken };
        ResilienceContext context = ResilienceContextPool.Shared.Get(cancellationToken);
        context.Properties.Set(UndertakingKey, undertaking);
        try
        {
            (T, Metadata) done = await _retry.ExecuteAsync(
                static async (context, state) => await state.Self.TryOnceAsync(state.Attempt, Of(context), state.Headers, context.CancellationToken).ConfigureAwait(false),
                context,
                (Self: this, Attempt: attempt, Headers: headers)).ConfigureAwait(false);
            _budget.Succeeded();
            return done;
        }
        catch (RpcException exception)
        {
            throw Explain(exception, undertaking, cancellationToken);
        }
        catch (BrokenCircuitException exception)
        {
            throw undertaking.MayHaveBegun ? OutcomeUnknown(exception.Message, undertaking, exception) : new VecheUnavailableException($"every member has failed lately and is left alone for a moment: {Names()}", exception);
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
        }
    }

    /// <summary>For streams, which their users open again by themselves after <see cref="MoveOn"/>.</summary>
    public async Task<(CallInvoker Member, CallOptions Options)> StreamAsync(CancellationToken cancellationToken)
    {
        // The member ends the stream when it knows no leader any more, rather than fall silent.
        var headers = new Metadata { { "hasleader", "true" } };
        await AddTokenAsync(headers, cancellationToken).ConfigureAwait(false);
        return (Next(prefersLeader: false).Invoker, new CallOptions(headers, cancellationToken: cancellationToken));
    }

    public void MoveOn() => Interlocked.Increment(ref _current);

    public void ForgetToken() => _token = null;

    /// <summary>Asks all members who leads; the one that says so of itself in the latest term is believed.</summary>
    public async Task<string?> FindLeaderAsync(CancellationToken cancellationToken)
    {
        (Endpoint Endpoint, StatusResponse? Status)[] answers = await Task.WhenAll(_endpoints.Select(async endpoint => (endpoint, await StatusOfAsync(endpoint, cancellationToken).ConfigureAwait(false)))).ConfigureAwait(false);
        _leader = answers.Where(static answer => answer.Status is { } status && status.Leader != 0 && status.Leader == status.Header.MemberId)
            .MaxBy(static answer => answer.Status!.RaftTerm).Endpoint;
        return LeaderAddress;
    }

    public void Dispose()
    {
        foreach (Endpoint endpoint in _endpoints)
        {
            endpoint.Dispose();
        }
    }

    private static Undertaking Of(ResilienceContext context) => context.Properties.GetValue(UndertakingKey, null!);

    private async Task<StatusResponse?> StatusOfAsync(Endpoint endpoint, CancellationToken cancellationToken)
    {
        try
        {
            var headers = new Metadata();
            await AddTokenAsync(headers, cancellationToken).ConfigureAwait(false);
            return await new Maintenance.MaintenanceClient(endpoint.Invoker).StatusAsync(new StatusRequest(), new CallOptions(headers, DateTime.UtcNow + StatusTimeout, cancellationToken)).ConfigureAwait(false);
        }
        catch (RpcException)
        {
            // Who does not answer is not asked to lead.
            return null;
        }
    }

    private async Task<(T, Metadata)> TryOnceAsync<T>(Attempt<T> attempt, Undertaking undertaking, Metadata headers, CancellationToken cancellationToken)
    {
        TimeSpan rest = Rest(undertaking);
        if (rest <= TimeSpan.Zero)
        {
            throw new RpcException(new Status(StatusCode.DeadlineExceeded, "no member could do it in time"));
        }

        // One that hangs must not use up the time of the others; what may not be repeated has to be waited for.
        TimeSpan patience = undertaking.Repetition != Repetition.OnlyIfNotBegun && rest > _options.AttemptTimeout ? _options.AttemptTimeout : rest;
        Metadata all = [.. headers];
        if (undertaking.PrefersLeader && _leader is null)
        {
            LookForLeader();
        }

        Endpoint endpoint = Next(undertaking.PrefersLeader);
        bool sent = false;
        try
        {
            await AddTokenAsync(all, cancellationToken).ConfigureAwait(false);
            sent = true;
            return await endpoint.Breaker.ExecuteAsync(
                async token => await attempt(endpoint.Invoker, new CallOptions(all, DateTime.UtcNow + patience, token)).ConfigureAwait(false),
                cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is RpcException or BrokenCircuitException)
        {
            if (sent && undertaking.Repetition != Repetition.Harmless && exception is RpcException unanswered && CallFailure.HasNoAnswer(unanswered) && !CallFailure.WasNotBegun(unanswered))
            {
                undertaking.MayHaveBegun = true;
                undertaking.OutcomeToken ??= unanswered.Trailers.GetValue(ReplyHeaders.Outcome);
            }

            if (exception is RpcException failure && CallFailure.IsStaleToken(failure))
            {
                ForgetToken();
            }
            else if (exception is BrokenCircuitException || (exception is RpcException call && (CallFailure.HasNoAnswer(call) || CallFailure.WasNotBegun(call))))
            {
                if (ReferenceEquals(endpoint, _leader))
                {
                    _leader = null;
                }

                MoveOn();
            }

            throw;
        }
    }

    private bool MayRepeat(Exception? exception, Undertaking undertaking)
    {
        bool worthIt = exception switch
        {
            BrokenCircuitException => true,
            RpcException failure => CallFailure.WasNotBegun(failure) || (undertaking.Repetition != Repetition.OnlyIfNotBegun && CallFailure.HasNoAnswer(failure)),
            _ => false,
        };
        return worthIt && Rest(undertaking) > TimeSpan.Zero && _budget.TrySpend();
    }

    private TimeSpan Rest(Undertaking undertaking) => undertaking.Timeout - _options.TimeProvider.GetElapsedTime(undertaking.Started);

    private VecheException Explain(RpcException exception, Undertaking undertaking, CancellationToken cancellationToken)
    {
        bool notBegun = CallFailure.WasNotBegun(exception);
        bool noAnswer = CallFailure.HasNoAnswer(exception);
        if (undertaking.MayHaveBegun && (notBegun || noAnswer || CallFailure.SaysNothingOfEarlierAttempts(exception)))
        {
            return OutcomeUnknown(exception.Status.Detail, undertaking, exception);
        }

        if (notBegun || noAnswer)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return new VecheUnavailableException($"no member could do it in time ({Names()}): {exception.Status.Detail}", exception);
        }

        return new VecheRefusedException(exception.StatusCode, exception.Status.Detail, exception);
    }

    private static VecheOutcomeUnknownException OutcomeUnknown(string last, Undertaking undertaking, Exception exception) =>
        new($"an attempt was not answered: it may have been done, or may yet be ({last})", undertaking.OutcomeToken, exception);

    private Endpoint Next(bool prefersLeader)
    {
        if (prefersLeader && _leader is { IsBroken: false } leader)
        {
            return leader;
        }

        int first = (int)((uint)Volatile.Read(ref _current) % _endpoints.Length);
        for (int i = 0; i < _endpoints.Length; i++)
        {
            Endpoint endpoint = _endpoints[(first + i) % _endpoints.Length];
            if (!endpoint.IsBroken)
            {
                return endpoint;
            }
        }

        return _endpoints[first];
    }

    private void LookForLeader()
    {
        if (_endpoints.Length > 1 && Interlocked.Exchange(ref _looking, 1) == 0)
        {
            _ = LookAsync();
        }
    }

    private async Task LookAsync()
    {
        try
        {
            await FindLeaderAsync(CancellationToken.None).ConfigureAwait(false);
            await Task.Delay(StatusTimeout, _options.TimeProvider).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is VecheException or ObjectDisposedException)
        {
            // Without a leader that is known, any member passes the write on.
        }

        Volatile.Write(ref _looking, 0);
    }

    private async Task AddTokenAsync(Metadata headers, CancellationToken cancellationToken)
    {
        if (_options.User is not { } user)
        {
            return;
        }

        _token ??= await AuthenticateAsync(user, cancellationToken).ConfigureAwait(false);
        if (_token is { Length: > 0 } token)
        {
            headers.Add("token", token);
        }
    }

    private async Task<string> AuthenticateAsync(string user, CancellationToken cancellationToken)
    {
        var request = new AuthenticateRequest { Name = user, Password = _options.Password };
        Endpoint endpoint = Next(prefersLeader: false);
        try
        {
            return (await new Auth.AuthClient(endpoint.Invoker).AuthenticateAsync(request, new CallOptions(deadline: DateTime.UtcNow + _options.AttemptTimeout, cancellationToken: cancellationToken)).ConfigureAwait(false)).Token;
        }
        catch (RpcException exception) when (exception.Status.Detail == "etcdserver: authentication is not enabled")
        {
            // Everybody may do everything, so this user too.
            return string.Empty;
        }
    }

    private string Names() => string.Join(", ", _endpoints.Select(static endpoint => endpoint.Address));

    /// <summary>A call with all its attempts.</summary>
    private sealed class Undertaking
    {
        public required Repetition Repetition { get; init; }

        public required bool PrefersLeader { get; init; }

        public required long Started { get; init; }

        public required TimeSpan Timeout { get; init; }

        /// <summary>An attempt of what is not harmless was not answered: nothing that is said of a later one takes that back.</summary>
        public bool MayHaveBegun { get; set; }

        /// <summary>What to ask with what became of it; null when nobody has said.</summary>
        public string? OutcomeToken { get; set; }
    }
}
