using System.Collections.Concurrent;
using System.Diagnostics;
using Grpc.Core;
using Grpc.Net.Client;
using Veche.Api;

namespace Veche.Cli.Client;

/// <summary>
/// Speaks to a cluster through whichever member answers. A read that has no answer is asked again elsewhere; a write only when it is known not to
/// have begun, since a second try of one that did happen could undo what others wrote in between.
/// </summary>
internal sealed class Connection(ConnectionSettings settings) : IDisposable
{
    private static readonly TimeSpan BetweenRounds = TimeSpan.FromMilliseconds(200);

    private readonly ConcurrentDictionary<string, Lazy<GrpcChannel>> _channels = [];
    private readonly List<(string Name, string Value)> _said = [];
    private string? _token;
    private int _current;

    /// <summary>One call: the client stub is made of the first, the second goes with it.</summary>
    public delegate AsyncUnaryCall<T> Call<T>(CallInvoker member, CallOptions options);

    public ConnectionSettings Settings => settings;

    /// <summary>The member that answered last, or is asked next.</summary>
    public string Endpoint => settings.Endpoints[_current];

    /// <summary>What the last reply said beside itself.</summary>
    public Metadata Trailers { get; private set; } = [];

    /// <summary>Says something beside every request from now on.</summary>
    public void Say(string name, string value) => _said.Add((name, value));

    public Task<T> ReadAsync<T>(Call<T> call, Need need, CancellationToken cancellationToken) => AttemptAsync(call, need, isWrite: false, cancellationToken);

    public Task<T> WriteAsync<T>(Call<T> call, Need need, CancellationToken cancellationToken) => AttemptAsync(call, need, isWrite: true, cancellationToken);

    /// <summary>Asks one member and no other.</summary>
    /// <exception cref="RpcException">It did not answer, or refused.</exception>
    public async Task<T> AskAsync<T>(string endpoint, Call<T> call, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var options = new CallOptions(await HeadersAsync(cancellationToken).ConfigureAwait(false), DateTime.UtcNow + timeout, cancellationToken);
        return await call(ChannelTo(endpoint).CreateCallInvoker(), options).ConfigureAwait(false);
    }

    /// <summary>For streams, which their users open again by themselves after <see cref="MoveOn"/>.</summary>
    public async Task<(CallInvoker Member, CallOptions Options)> StreamAsync(CancellationToken cancellationToken)
    {
        Metadata headers = await HeadersAsync(cancellationToken).ConfigureAwait(false);

        // The member ends the stream when it knows no leader any more, rather than fall silent.
        headers.Add("hasleader", "true");
        return (ChannelTo(Endpoint).CreateCallInvoker(), new CallOptions(headers, cancellationToken: cancellationToken));
    }

    /// <summary>Goes to the next endpoint.</summary>
    public void MoveOn() => _current = (_current + 1) % settings.Endpoints.Count;

    /// <summary>Authenticates anew at the next call.</summary>
    public void ForgetToken() => _token = null;

    public void Dispose()
    {
        foreach (Lazy<GrpcChannel> channel in _channels.Values.Where(static channel => channel.IsValueCreated))
        {
            channel.Value.Dispose();
        }
    }

    private async Task<T> AttemptAsync<T>(Call<T> call, Need need, bool isWrite, CancellationToken cancellationToken)
    {
        try
        {
            return await TryAllAsync(call, isWrite, withToken: true, cancellationToken).ConfigureAwait(false);
        }
        catch (RpcException exception) when (IsStaleToken(exception))
        {
            ForgetToken();
        }
        catch (RpcException exception)
        {
            throw Advice.Of(exception, need, Endpoint, settings.User);
        }

        try
        {
            return await TryAllAsync(call, isWrite, withToken: true, cancellationToken).ConfigureAwait(false);
        }
        catch (RpcException exception)
        {
            throw Advice.Of(exception, need, Endpoint, settings.User);
        }
    }

    private async Task<T> TryAllAsync<T>(Call<T> call, bool isWrite, bool withToken, CancellationToken cancellationToken)
    {
        long started = Stopwatch.GetTimestamp();
        Dictionary<string, string> failures = [];
        while (true)
        {
            bool worthWaiting = false;
            for (int left = settings.Endpoints.Count; left > 0; left--)
            {
                TimeSpan rest = settings.Timeout - Stopwatch.GetElapsedTime(started);
                if (rest <= TimeSpan.Zero && failures.Count > 0)
                {
                    throw Advice.NobodyAnswers(failures);
                }

                Metadata headers = withToken ? await HeadersAsync(cancellationToken).ConfigureAwait(false) : [];
                try
                {
                    // One that hangs must not use up the time of the others; a write has to be waited for.
                    var options = new CallOptions(headers, DateTime.UtcNow + (isWrite ? rest : rest / left), cancellationToken);
                    AsyncUnaryCall<T> made = call(ChannelTo(Endpoint).CreateCallInvoker(), options);
                    T response = await made.ConfigureAwait(false);
                    if (_said.Count > 0)
                    {
                        // Only where something was said is something answered beside the reply; a stream that is asked once has no end to look at.
                        Trailers = made.GetTrailers();
                    }

                    return response;
                }
                catch (RpcException) when (cancellationToken.IsCancellationRequested)
                {
                    throw isWrite ? Advice.OutcomeUnknown(Endpoint, "interrupted") : new OperationCanceledException(cancellationToken);
                }
                catch (RpcException exception) when (CallFailure.WasNotBegun(exception) || (!isWrite && CallFailure.HasNoAnswer(exception)))
                {
                    failures[Endpoint] = CallFailure.Describe(exception);
                    worthWaiting |= !CallFailure.WasNeverSent(exception);
                    MoveOn();
                }
                catch (RpcException exception) when (isWrite && CallFailure.HasNoAnswer(exception) && exception.Status.Detail != "etcdserver: unhealthy cluster")
                {
                    throw Advice.OutcomeUnknown(Endpoint, CallFailure.Describe(exception), exception.Trailers.GetValue("veche-outcome"));
                }
            }

            if (!worthWaiting)
            {
                throw Advice.NobodyAnswers(failures);
            }

            await Task.Delay(BetweenRounds, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<Metadata> HeadersAsync(CancellationToken cancellationToken)
    {
        Metadata headers = [];
        foreach ((string name, string value) in _said)
        {
            headers.Add(name, value);
        }

        if (settings.User is not null)
        {
            _token ??= await AuthenticateAsync(settings.User, cancellationToken).ConfigureAwait(false);
            if (_token.Length > 0)
            {
                headers.Add("token", _token);
            }
        }

        return headers;
    }

    private async Task<string> AuthenticateAsync(string user, CancellationToken cancellationToken)
    {
        var request = new AuthenticateRequest { Name = user, Password = settings.Password.Reveal() };
        try
        {
            return (await TryAllAsync((member, options) => new Auth.AuthClient(member).AuthenticateAsync(request, options), isWrite: false, withToken: false, cancellationToken).ConfigureAwait(false)).Token;
        }
        catch (RpcException exception) when (exception.Status.Detail == "etcdserver: authentication is not enabled")
        {
            // Everybody may do everything, so this user too.
            return string.Empty;
        }
        catch (RpcException exception)
        {
            throw Advice.Of(exception, Need.Root, Endpoint, user);
        }
    }

    private GrpcChannel ChannelTo(string endpoint) => _channels.GetOrAdd(endpoint, address => new Lazy<GrpcChannel>(() => Channels.Open(address, settings))).Value;

    private bool IsStaleToken(RpcException exception) => settings.User is not null && exception.Status.Detail is "etcdserver: invalid auth token" or "etcdserver: revision of auth store is old";
}
