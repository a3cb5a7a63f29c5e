using System.Diagnostics;
using System.Globalization;
using Grpc.Core;
using Veche.Api;
using Veche.Api.Commands;
using Veche.Hosting;
using Veche.Raft;
using Veche.Store;

namespace Veche.Server.Semantics;

/// <summary>
/// Writes with a concern: from the call's metadata, else from what is set for their keys. A client's own wish is taken at its word or refused; what an
/// operator has set below a commit is leave to answer early, and a request that cannot be answered early waits for its commit as usual.
/// </summary>
internal sealed class WriteGate(MemberContext member)
{
    public const string ConcernKey = "veche-write-concern";
    public const string TimeoutKey = "veche-write-timeout-ms";
    public const string ReachedKey = "veche-reached";
    public const string WarningKey = "veche-warning";
    private const int MaxTimeoutMs = 3_600_000;

    private readonly WriteSettings _settings = new(member.Options.Profiles, member.Options.PrefixProfiles, member.Options.WriteConcern);

    /// <summary>What is counted of writes, by concern.</summary>
    public WriteMetrics Metrics { get; } = new();

    /// <summary>What a command is to be answered by; null for the usual.</summary>
    /// <exception cref="RpcException">What the client asks for makes no sense, cannot be, or cannot answer this request.</exception>
    public Write? Begin(Command command, ServerCallContext context)
    {
        string? wish = context.RequestHeaders.GetValue(ConcernKey);
        string? timeout = context.RequestHeaders.GetValue(TimeoutKey);
        Configuration configuration = member.Host.Status.Configuration;
        if (wish is null && timeout is null && _settings.IsEmpty)
        {
            return Usual(configuration, context);
        }

        try
        {
            WriteConcern? concern = wish is not null ? WriteConcern.Parse(wish) : _settings.For(command);
            if (concern is null && timeout is null)
            {
                return Usual(configuration, context);
            }

            concern ??= WriteConcern.Majority;
            if (WriteConcernTerms.IsBeforeCommit(concern, configuration) && WhyNotEarly(command) is { } reason)
            {
                if (wish is not null)
                {
                    throw new FormatException($"{ConcernKey} {concern} answers before the write is committed, and {reason}; ask for majority or more");
                }

                concern = WriteConcern.Majority;
            }

            ProposalTerms terms = WriteConcernTerms.Of(concern, configuration, Places, timeout is null ? null : TimeoutOf(timeout));
            if (!terms.AwaitsResult && member.Store.WouldRefuse(command) is { } refusal)
            {
                throw Errors.Of(refusal);
            }

            return new Write(concern, terms, context.ResponseTrailers);
        }
        catch (FormatException exception)
        {
            throw new RpcException(new Status(StatusCode.InvalidArgument, $"veche: {exception.Message}"));
        }
    }

    /// <summary>Proposes a command and answers when its concern is met.</summary>
    public async ValueTask<TResponse> ProposeAsync<TResponse>(Command command, Write write, CancellationToken cancellationToken)
        where TResponse : class
    {
        WriteConcern concern = write.Concern;
        if (concern is not { Level: WriteLevel.Majority, Applied: false })
        {
            // So that whoever finds it in a rollback file, after any restart, knows how it had been acknowledged.
            command.WriteConcern = concern.ToString();
        }

        long started = Stopwatch.GetTimestamp();
        ProposalOutcome outcome;
        try
        {
            outcome = await member.Host.ProposeAsync(command.ToBuffer(), write.Terms, cancellationToken).ConfigureAwait(false);
        }
        catch (RuleNotReachedException exception)
        {
            Metrics.Ended(concern, WriteOutcome.Unknown, Stopwatch.GetElapsedTime(started));
            if (exception.Outcome.Result is StoreError refused)
            {
                throw Errors.Of(refused);
            }

            write.Trailers.Add(ReachedKey, "majority");
            write.Trailers.Add(WarningKey, $"the write is committed and takes effect; {concern} was not reached in time");
            throw Errors.Of(new OutcomeUnknownException(exception.Message));
        }
        catch (OutcomeUnknownException exception)
        {
            Metrics.Ended(concern, WriteOutcome.Unknown, Stopwatch.GetElapsedTime(started));
            write.Trailers.Add(ReachedKey, "none");
            write.Trailers.Add(WarningKey, "outcome unknown: the write may or may not take effect");
            throw Errors.Of(exception);
        }
        catch (RefusedException exception)
        {
            Metrics.Ended(concern, WriteOutcome.Refused, Stopwatch.GetElapsedTime(started));
            write.Trailers.Add(ReachedKey, "refused");
            throw Errors.Of(exception);
        }

        Metrics.Ended(concern, WriteOutcome.Success, Stopwatch.GetElapsedTime(started));
        if (outcome.Result is StoreError error)
        {
            throw Errors.Of(error);
        }

        SayWhatWitnessesStandFor(outcome, write);
        if (write.IsUsual)
        {
            return (TResponse)outcome.Result!;
        }

        // A commit that came before the acknowledgement is more than what was asked for, and its answer is whole.
        write.Trailers.Add(ReachedKey, outcome is { IsApplied: true, IsAcknowledged: false } && write.Terms.Rule is not null ? "majority" : concern.ToString());
        return outcome.Result as TResponse ?? (TResponse)(object)new PutResponse { Header = new ResponseHeader() };
    }

    /// <summary>A write that nobody has said anything about: in a cluster with witnesses it is looked at how many hold what was written; elsewhere a commit says that.</summary>
    private static Write? Usual(Configuration configuration, ServerCallContext context) =>
        configuration.Witnesses.Count == 0 ? null : new Write(WriteConcern.Majority, new ProposalTerms(), context.ResponseTrailers) { IsUsual = !context.SpeaksVeche() };

    /// <summary>A commit needs a majority of votes; whoever wants it for its copies is told when there are fewer of those. What was reached is a commit all the same.</summary>
    private void SayWhatWitnessesStandFor(ProposalOutcome outcome, Write write)
    {
        if (!outcome.IsApplied || outcome.IsCopied)
        {
            return;
        }

        MemberStatus status = member.Host.Status;
        Configuration configuration = status.Configuration;
        int witnesses = configuration.Voters.Count(configuration.IsWitness);

        // What was waited for besides may have brought the copies that the commit lacked.
        int waitedFor = !outcome.IsAcknowledged ? 0 : write.Concern switch
        {
            { Level: WriteLevel.All } => configuration.Voters.Count - witnesses,
            { Level: WriteLevel.Members, Count: var count } => count,
            { Level: WriteLevel.Majority, Applied: true } => configuration.QuorumSize,
            _ => 0,
        };
        if (waitedFor >= configuration.QuorumSize || status.CopiedIndex >= outcome.Index)
        {
            return;
        }
        int known = status.Role == Raft.Role.Leader
            ? (configuration.IsVoter(member.Identity.Self) ? 1 : 0) + status.Followers.Count(follower => configuration.Voters.Contains(follower.Id) && !configuration.IsWitness(follower.Id) && follower.Match >= outcome.Index)
            : Math.Max(1, configuration.QuorumSize - witnesses);
        write.Trailers.Add(WarningKey, $"committed with the vote of a witness: {known} {(known == 1 ? "copy of the data is" : "copies of the data are")} known of the {configuration.QuorumSize} of a majority");
    }

    /// <summary>Why the answer to a command depends on the state; null when it does not.</summary>
    private static string? WhyNotEarly(Command command) => command.BodyCase switch
    {
        Command.BodyOneofCase.Put => command.Put switch
        {
            { PrevKv: true } => "prev_kv is known only then",
            { IgnoreValue: true } or { IgnoreLease: true } => "ignore_value and ignore_lease depend on what is there then",
            { Lease: not 0 } => "whether the lease exists is known only then",
            _ => null,
        },
        Command.BodyOneofCase.DeleteRange => "how many keys are deleted is known only then",
        Command.BodyOneofCase.Txn => "the outcome of a transaction's compares and operations is known only then",
        _ => "the answer to this request is known only then",
    };

    private static int TimeoutOf(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int milliseconds) && milliseconds is >= 1 and <= MaxTimeoutMs
            ? milliseconds
            : throw new FormatException($"{TimeoutKey} is a number of milliseconds from 1 to {MaxTimeoutMs}, not '{text}'");

    private List<Place> Places()
    {
        Dictionary<ulong, string> zones = member.Store.Members.ToDictionary(static known => known.Id, static known => known.Zone);
        return [.. member.ListMembers().Select(listed => new Place(new MemberId(listed.ID), listed.Name, zones.GetValueOrDefault(listed.ID) ?? string.Empty))];
    }
}

/// <summary>A write under way.</summary>
/// <param name="Concern">What it is answered by.</param>
/// <param name="Terms">What that means now.</param>
/// <param name="Trailers">Of the reply.</param>
internal sealed record Write(WriteConcern Concern, ProposalTerms Terms, Metadata Trailers)
{
    /// <summary>Nobody has asked for anything: the answer is etcd's, but for a warning where there is need of one.</summary>
    public bool IsUsual { get; init; }
}
