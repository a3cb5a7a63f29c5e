using System.Threading.Channels;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Veche.Api;
using Veche.Api.Commands;
using Veche.Hosting;
using Veche.Raft;
using Veche.Replica;
using Veche.Server.Auth;
using Veche.Server.Integrity;
using Veche.Server.Options;
using Veche.Server.Services;
using Veche.Store;
using Veche.Store.Leases;
using Veche.Store.Watching;

namespace Veche.Server.Tests.Auth;

/// <summary>
/// One member's services over a store whose log is in the test's hands: what is <see cref="Acknowledge">acknowledged</see> to somebody arrives here only
/// with the next read barrier or the next command, as at a member that is behind. It counts as the leader, and every barrier holds.
/// </summary>
internal sealed class LaggingMember : IReplicaHost, IDisposable
{
    public const long TtlSeconds = 100;

    private readonly KeyValueStore _store = KeyValueStore.Open(new StoreOptions());
    private readonly Queue<Command> _acknowledged = new();
    private readonly MemberContext _member;
    private readonly Lessor _lessor = new();
    private readonly Authenticator _authenticator;
    private readonly AuthGate _gate;
    private readonly LeaseKeeper _keeper;
    private readonly System.Threading.Lock _applying = new();
    private readonly CancellationTokenSource _stop = new();
    private long _index;

    public LaggingMember()
    {
        var watches = new WatchHub(_store);
        _store.EventSink = watches;
        _store.LeaseObserver = _lessor;
        ServerOptions options = AuthServer.Quick with { InitialCluster = [("default", new Uri("http://127.0.0.1:1"))] };
        _member = new MemberContext(options, ClusterIdentity.Of(options), _store, watches, _lessor) { Host = this };
        _member.Guard = new StateGuard(_member, new ServerLog(NullLogger.Instance), _stop);
        _lessor.Promote(MemberContext.NowNs, 0, term: 1);
        var table = new SimpleTokenTable(TimeSpan.FromHours(1), TimeProvider.System);
        _store.AuthObserver = table;
        _authenticator = new Authenticator(_member, new SimpleTokens(_member, table), new Passwords(4), new ServerLog(NullLogger.Instance));
        _gate = new AuthGate(_member, _authenticator);
        _keeper = new LeaseKeeper(_member);
        Leases = new LeaseService(_member, _keeper, _authenticator);
        Maintenance = new MaintenanceService(_member);
        Keys = new KeyValueService(_member);
    }

    public LeaseService Leases { get; }

    public MaintenanceService Maintenance { get; }

    public KeyValueService Keys { get; }

    public KeyValueStore Store => _store;

    public MemberContext Context => _member;

    public MemberId Id => _member.Identity.Self;

    /// <summary>Entries that are committed, and wait to be applied. Default 0.</summary>
    public long Unapplied { get; set; }

    /// <summary>While it is there, commands wait for it before they are committed. Default none.</summary>
    public TaskCompletionSource? Held { get; set; }

    /// <summary>While it is there, barriers wait for it. Default none.</summary>
    public TaskCompletionSource? HeldBarriers { get; set; }

    /// <summary>Barriers that were asked for.</summary>
    public int Barriers { get; private set; }

    /// <summary>True once the lease was renewed: before, its time has not even begun.</summary>
    public bool IsRenewed(long lease) => _lessor.RemainingSeconds(lease, 0) != TtlSeconds;

    public MemberStatus Status => new()
    {
        Role = Raft.Role.Leader,
        Term = 1,
        Leader = Id,
        LastIndex = _index + Unapplied,
        CommitIndex = _index + Unapplied,
        AppliedIndex = _index,
        FirstIndex = 1,
        Configuration = Configuration.Of([Id]),
    };

    /// <summary>The command is done at the other members, and whoever asked for it was told so.</summary>
    public void Acknowledge(params AuthCommand[] commands)
    {
        foreach (AuthCommand command in commands)
        {
            _acknowledged.Enqueue(new Command { Auth = command, Caller = new Caller { IsMember = true } });
        }
    }

    /// <summary>The same of any command.</summary>
    public void AcknowledgeCommand(Command command) => _acknowledged.Enqueue(command);

    /// <summary>Everything that was acknowledged arrives.</summary>
    public void CatchUp()
    {
        while (_acknowledged.TryDequeue(out Command? command))
        {
            Assert.IsNotType<StoreError>(Apply(command));
        }
    }

    public async ValueTask<object?> ProposeAsync(CommandBuffer command, CancellationToken cancellationToken = default)
    {
        if (Held is { } held)
        {
            await held.Task;
        }

        CatchUp();
        return Apply(Command.Parser.ParseFrom(command.Span));
    }

    public async ValueTask<ProposalOutcome> ProposeAsync(CommandBuffer command, ProposalTerms terms, CancellationToken cancellationToken = default) =>
        new(IsApplied: true, IsAcknowledged: true, await ProposeAsync(command, cancellationToken));

    public async ValueTask<long> ReadBarrierAsync(CancellationToken cancellationToken = default)
    {
        Barriers++;
        if (HeldBarriers is { } held)
        {
            await held.Task;
        }

        CatchUp();
        return _index;
    }

    public ValueTask<long> ReadBarrierAsync(ReadBarrier barrier, CancellationToken cancellationToken = default) => ReadBarrierAsync(cancellationToken);

    public Task TransferLeadershipAsync(MemberId to, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public Task ChangeConfigurationAsync(ConfigurationChange change, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public ValueTask<ReadOnlyMemory<byte>> CallAsync(MemberId to, ReadOnlyMemory<byte> request, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    /// <summary>Calls a method the way clients do, past the gate.</summary>
    public Task<TResponse> CallAsync<TRequest, TResponse>(string method, TRequest request, UnaryServerMethod<TRequest, TResponse> service, Metadata? headers = null)
        where TRequest : class
        where TResponse : class => _gate.UnaryServerHandler(request, new CallContext(method, headers ?? []), service);

    /// <summary>What the gate lets through, for what follows to be looked at by itself.</summary>
    public async Task<ServerCallContext> AdmitAsync(string method, Metadata? headers = null)
    {
        var context = new CallContext(method, headers ?? []);
        await _gate.UnaryServerHandler(new object(), context, static (_, _) => Task.FromResult(new object()));
        return context;
    }

    /// <summary>Asks for a watch and returns the first answer to it.</summary>
    public async Task<WatchResponse> WatchAsync(WatchCreateRequest request, Metadata? headers = null)
    {
        using var gone = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        var requests = new Messages<WatchRequest>();
        var responses = new Messages<WatchResponse>();
        await requests.WriteAsync(new WatchRequest { CreateRequest = request });
        Task serving = new WatchService(_member, _authenticator).Watch(requests, responses, new CallContext("/etcdserverpb.Watch/Watch", headers ?? [], gone.Token));
        Assert.True(await responses.MoveNext(gone.Token));
        requests.Complete();
        await serving;
        return responses.Current;
    }

    /// <summary>Sends one keep-alive and returns the time to live in the answer.</summary>
    public async Task<long> KeepAliveAsync(long lease, Metadata? headers = null) => Assert.Single(await KeepAliveAsync([lease], headers)).TTL;

    /// <summary>Sends keep-alives on one stream, all before the first is answered, and returns the answers.</summary>
    public async Task<List<LeaseKeepAliveResponse>> KeepAliveAsync(long[] leases, Metadata? headers = null)
    {
        var requests = new Messages<LeaseKeepAliveRequest>();
        var responses = new Messages<LeaseKeepAliveResponse>();
        foreach (long lease in leases)
        {
            await requests.WriteAsync(new LeaseKeepAliveRequest { ID = lease });
        }

        requests.Complete();
        await Leases.LeaseKeepAlive(requests, responses, new CallContext("/etcdserverpb.Lease/LeaseKeepAlive", headers ?? []));
        responses.Complete();
        List<LeaseKeepAliveResponse> answers = [];
        while (await responses.MoveNext(default))
        {
            answers.Add(responses.Current);
        }

        return answers;
    }

    public static async Task<(StatusCode Code, string Text)> RefusedAsync(Func<Task> call)
    {
        RpcException refused = await Assert.ThrowsAsync<RpcException>(call);
        return (refused.StatusCode, refused.Status.Detail);
    }

    public void Dispose()
    {
        _store.Dispose();
        _stop.Dispose();
    }

    public object Apply(Command command)
    {
        // Whoever was held goes on wherever it is woken; a store is changed by one at a time.
        lock (_applying)
        {
            var batch = new ApplyBatch();
            batch.Add(new Committed(new LogPosition(++_index, 1), EntryKind.Command, command.ToByteArray(), WantsResult: true));
            _store.Apply(batch);
            return batch.ResultOf(0)!;
        }
    }

    /// <summary>One direction of a stream.</summary>
    private sealed class Messages<T> : IAsyncStreamReader<T>, IServerStreamWriter<T>
    {
        private readonly Channel<T> _channel = Channel.CreateUnbounded<T>();

        public T Current { get; private set; } = default!;

        public WriteOptions? WriteOptions { get; set; }

        public async Task<bool> MoveNext(CancellationToken cancellationToken)
        {
            if (!await _channel.Reader.WaitToReadAsync(cancellationToken))
            {
                return false;
            }

            Current = await _channel.Reader.ReadAsync(cancellationToken);
            return true;
        }

        public Task WriteAsync(T message)
        {
            Assert.True(_channel.Writer.TryWrite(message));
            return Task.CompletedTask;
        }

        public Task WriteAsync(T message, CancellationToken cancellationToken) => WriteAsync(message);

        public void Complete() => _channel.Writer.Complete();
    }

    private sealed class CallContext(string method, Metadata headers, CancellationToken cancellationToken = default) : ServerCallContext
    {
        protected override string MethodCore => method;

        protected override string HostCore => "test";

        protected override string PeerCore => "test";

        protected override DateTime DeadlineCore => DateTime.MaxValue;

        protected override Metadata RequestHeadersCore => headers;

        protected override CancellationToken CancellationTokenCore => cancellationToken;

        protected override Metadata ResponseTrailersCore { get; } = [];

        protected override Status StatusCore { get; set; }

        protected override WriteOptions? WriteOptionsCore { get; set; }

        protected override AuthContext AuthContextCore { get; } = new(null, []);

        protected override IDictionary<object, object> UserStateCore { get; } = new Dictionary<object, object> { ["__HttpContext"] = new DefaultHttpContext() };

        protected override Task WriteResponseHeadersAsyncCore(Metadata responseHeaders) => Task.CompletedTask;

        protected override ContextPropagationToken CreatePropagationTokenCore(ContextPropagationOptions? options) => throw new NotSupportedException();
    }
}
