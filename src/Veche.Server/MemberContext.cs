using System.Diagnostics;
using Grpc.Core;
using Veche.Api;
using Veche.Api.Commands;
using Veche.Hosting;
using Veche.Raft;
using Veche.Server.Admission;
using Veche.Server.Auth;
using Veche.Server.Canaries;
using Veche.Server.Http;
using Veche.Server.Audit;
using Veche.Server.Integrity;
using Veche.Server.Options;
using Veche.Server.Recipes;
using Veche.Server.Semantics;
using Veche.Store;
using Veche.Store.Leases;
using Veche.Store.Watching;

namespace Veche.Server;

/// <summary>What the services share: one member and its data.</summary>
internal sealed class MemberContext(ServerOptions options, ClusterIdentity identity, KeyValueStore store, WatchHub watches, Lessor lessor)
{
    /// <summary>With more entries committed and not applied yet, new ones are refused: every one of them would only wait longer. etcd's bound.</summary>
    private const long MaxUnappliedEntries = 5000;

    /// <summary>A read barrier that takes longer counts as slow; etcd's bound.</summary>
    private static readonly TimeSpan SlowRead = TimeSpan.FromMilliseconds(500);

    public ServerOptions Options => options;

    public ClusterIdentity Identity => identity;

    public KeyValueStore Store => store;

    public WatchHub Watches => watches;

    public Lessor Lessor => lessor;

    public RequestLimits Limits { get; } = new() { MaxRequestBytes = options.MaxRequestBytes, MaxTransactionOperations = options.MaxTransactionOperations };

    /// <summary>What etcd calls the size of the database: what the files take, or the data in them when compression makes those smaller. Never less than what is in use.</summary>
    public long DbSizeBytes => Math.Max(store.SizeBytes, store.DataBytes);

    public Meters Meters { get; } = new();

    public ReclaimWaiters Reclaims => field ??= new ReclaimWaiters(store);

    /// <summary>Writes with a concern, and what is counted of writes.</summary>
    public WriteGate Writes => field ??= new WriteGate(this);

    /// <summary>Refuses writes of clients that would wait too long, or crowd out others.</summary>
    public WriteAdmission Admission { get; } = new(options.WriteDelayBoundMs);

    private readonly ClientShares _shares = new();

    public ReadGate Reads => field ??= new ReadGate(this);

    public QuotaGuard Quota => field ??= new QuotaGuard(this);

    /// <summary>Whether the state may be shown. Set before anything is served.</summary>
    public StateGuard Guard { get; set; } = null!;

    /// <summary>Writes canaries, if there are to be any. Set before anything is served.</summary>
    public CanaryWriter Canaries { get; set; } = null!;

    /// <summary>Writes the audit trail; null when there is none.</summary>
    public AuditWriter? Audit { get; set; }

    /// <summary>Ends when the member stops, or its state must not be shown any more: whoever waits or streams then says so and ends.</summary>
    public CancellationToken Stopping => Guard.Serving;

    /// <summary>For the end of a stream: says why, when the member stops.</summary>
    public void ThrowIfStopping()
    {
        Guard.ThrowIfQuarantined();
        if (Stopping.IsCancellationRequested)
        {
            throw Errors.Stopped();
        }
    }

    /// <summary>Set once the host has started, before anything is served.</summary>
    public IReplicaHost Host { get; set; } = null!;

    public ReplicaMetrics Metrics { get; set; } = null!;

    public static long NowNs => (long)(Stopwatch.GetTimestamp() * (1e9 / Stopwatch.Frequency));

    /// <summary>Has a command committed and applied, and returns its answer with the whole header.</summary>
    /// <exception cref="RpcException">It was refused, or nobody knows whether it will happen.</exception>
    public async ValueTask<TResponse> ProposeAsync<TResponse>(Command command, CancellationToken cancellationToken, Write? write = null, AdmissionTicket ticket = default)
        where TResponse : class
    {
        bool isCompleted = false;
        try
        {
            MemberStatus status = Host.Status;
            if (status.CommitIndex - status.AppliedIndex > MaxUnappliedEntries)
            {
                throw Errors.TooManyRequests();
            }

            await Quota.CheckAsync(command, cancellationToken).ConfigureAwait(false);
            object? result;
            if (write is not null)
            {
                result = await Writes.ProposeAsync<TResponse>(command, write, cancellationToken).ConfigureAwait(false);
            }
            else
            {
                long started = Stopwatch.GetTimestamp();
                try
                {
                    result = await Host.ProposeAsync(command.ToBuffer(), cancellationToken).ConfigureAwait(false);
                }
                catch (Exception exception) when (exception is RefusedException or OutcomeUnknownException)
                {
                    Writes.Metrics.Ended(WriteConcern.Majority, exception is RefusedException ? WriteOutcome.Refused : WriteOutcome.Unknown, Stopwatch.GetElapsedTime(started));
                    throw Errors.Of(exception);
                }

                Writes.Metrics.Ended(WriteConcern.Majority, WriteOutcome.Success, Stopwatch.GetElapsedTime(started));
            }

            isCompleted = true;
            return result as TResponse ?? throw Errors.Of((StoreError)result!);
        }
        finally
        {
            ticket.End(isCompleted);
        }
    }

    /// <summary>The same in the name of whoever makes a call: what they may is judged where the command is applied.</summary>
    /// <exception cref="RpcException">It was refused, or nobody knows whether it will happen.</exception>
    public ValueTask<TResponse> ProposeAsync<TResponse>(Command command, ServerCallContext context)
        where TResponse : class
    {
        SessionTerms.Attach(command, context);
        command.Caller = context.Caller();
        Write? write = Writes.Begin(command, context);
        AdmissionTicket ticket = Admit(command, context);
        return command.SessionId == 0
            ? ProposeAsync<TResponse>(command, context.CancellationToken, write, ticket)
            : ProposeInSessionAsync<TResponse>(command, write, ticket, context.CancellationToken);
    }

    /// <summary>Changes of keys are what comes in floods. Leases, users and members are few, and what is tidied up after a client that is gone is owed to the others.</summary>
    private AdmissionTicket Admit(Command command, ServerCallContext context)
    {
        if (command.BodyCase is not (Command.BodyOneofCase.Put or Command.BodyOneofCase.DeleteRange or Command.BodyOneofCase.Txn) || context is DetachedCallContext)
        {
            return default;
        }

        ClientShare client = _shares.Of(command.Caller, context);
        long bytes = command.CalculateSize();
        long nowMs = Environment.TickCount64;
        return Admission.TryEnter(client, bytes, nowMs) ? new AdmissionTicket(Admission, client, bytes, nowMs) : throw Errors.TooManyRequests();
    }

    private async ValueTask<TResponse> ProposeInSessionAsync<TResponse>(Command command, Write? write, AdmissionTicket ticket, CancellationToken cancellationToken)
        where TResponse : class
    {
        try
        {
            return await ProposeAsync<TResponse>(command, cancellationToken, write, ticket).ConfigureAwait(false);
        }
        catch (RpcException exception) when (exception.Trailers.GetValue(SemanticsHeaders.Outcome) is not null)
        {
            // The session knows more of the request than its place in the log does.
            throw new RpcException(exception.Status, new Metadata { { SemanticsHeaders.Outcome, OutcomeToken.Of(command.SessionId, command.SessionSequence).ToString() } });
        }
    }

    /// <summary>Waits until this member may serve a linearizable read; returns the index that is applied here.</summary>
    public ValueTask<long> ConfirmReadAsync(CancellationToken cancellationToken) => ConfirmReadAsync(default, cancellationToken);

    /// <summary>The same for a read that may be less strict in a way that is named.</summary>
    public async ValueTask<long> ConfirmReadAsync(ReadBarrier barrier, CancellationToken cancellationToken)
    {
        long started = Stopwatch.GetTimestamp();
        long applied;
        try
        {
            applied = await Host.ReadBarrierAsync(barrier, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is RefusedException or OutcomeUnknownException)
        {
            Meters.ReadIndexesFailed.Inc();
            throw Errors.Of(exception);
        }

        if (Stopwatch.GetElapsedTime(started) > SlowRead)
        {
            Meters.SlowReadIndexes.Inc();
        }

        return applied;
    }

    /// <summary>Fills in what of a header is not the store's to know.</summary>
    public ResponseHeader Complete(ResponseHeader header)
    {
        header.ClusterId = identity.ClusterId;
        header.MemberId = identity.Self.Value;
        header.RaftTerm = (ulong)Host.Status.Term;
        return header;
    }

    /// <summary>A header for an answer that is about no revision in particular.</summary>
    public ResponseHeader NewHeader() => Complete(new ResponseHeader { Revision = store.CurrentRevision });

    /// <summary>This member listens and does not vote, and was asked to stay so.</summary>
    public bool IsLearner => Host.Status.Configuration.IsLearner(identity.Self) && !IsPromotedSoon(identity.Self);

    /// <summary>This member votes, and holds no data.</summary>
    public bool IsWitness => identity.IsWitness;

    /// <summary>How long another member has been connected; null when it is not.</summary>
    public TimeSpan? ConnectedFor(MemberId id) => (Host as ReplicaHost)?.ConnectedFor(id);

    public bool IsConnected(MemberId id) => (Host as ReplicaHost)?.IsConnected(id) == true;

    /// <summary>Everything that is known of the members of the configuration in force.</summary>
    public List<Member> ListMembers()
    {
        Configuration configuration = Host.Status.Configuration;
        List<Member> members = [];
        foreach (MemberId id in configuration.Voters.Concat(configuration.Learners).Order())
        {
            MemberAttributes? published = store.Members.FirstOrDefault(member => member.Id == id.Value);
            ClusterIdentity.Founder? founder = identity.Members.FirstOrDefault(member => member.Id == id);

            // A founder has a name from the beginning; of others, a name says that they have started.
            var member = new Member { ID = id.Value, Name = published?.Name ?? founder?.Name ?? string.Empty, IsLearner = configuration.IsLearner(id) && !IsPromotedSoon(id) };
            member.PeerURLs.AddRange(published is { PeerUrls.Count: > 0 } ? published.PeerUrls : founder?.PeerUrls.Select(Urls.Plain) ?? []);
            member.ClientURLs.AddRange(published?.ClientUrls ?? Enumerable.Empty<string>());
            members.Add(member);
        }

        return members;
    }

    private bool IsPromotedSoon(MemberId id) => store.Members.Any(member => member.Id == id.Value && member.PromoteWhenReady);
}
