using System.Diagnostics;
using Grpc.Core;
using Veche.Api;
using Veche.Cli.Client;

namespace Veche.Cli.Members;

/// <summary>Takes the steps of a <see cref="ReplacePlan"/>, one at a time, and looks at the members again after each: an answer that is missing does no harm.</summary>
internal sealed class ReplaceRun(ClientContext context, ReplacePlan plan, TimeSpan patience) : IDisposable
{
    private static readonly TimeSpan ProbeTimeout = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(500);

    /// <summary>Refusals that pass by themselves: the cluster wants to have seen everybody well for some seconds; or a repeated step was done already.</summary>
    private static readonly string[] Passing =
    [
        "etcdserver: unhealthy cluster",
        "etcdserver: re-configuration failed due to not enough started members",
        "etcdserver: can only promote a learner member",
        "etcdserver: member not found",
        "etcdserver: Peer URLs already exists",
    ];

    private readonly long _started = Stopwatch.GetTimestamp();
    private Connection _connection = context.Connection;
    private string _stands = "nothing was changed";
    private string _last = string.Empty;
    private bool _oldIsRemoved = plan.WasRemoved;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (await StepAsync(cancellationToken).ConfigureAwait(false))
            {
                if (Stopwatch.GetElapsedTime(_started) > patience)
                {
                    throw new CommandFailedException(ExitCode.Refused, $"not done after {patience.TotalSeconds:0.#} s ({_last.Split('\n')[0].TrimEnd(':')})");
                }
            }
        }
        catch (CommandFailedException failure)
        {
            throw new CommandFailedException(failure.Code, $"{failure.Message}\n{Stands()}");
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw new CommandFailedException(ExitCode.Refused, $"interrupted.\n{Stands()}");
        }
    }

    public void Dispose()
    {
        if (_connection != context.Connection)
        {
            _connection.Dispose();
        }
    }

    private string Stands() => $"Where it stands: {_stands}. The same command{(_oldIsRemoved ? " with --removed" : string.Empty)} goes on from there.";

    /// <returns>Whether there is more to do.</returns>
    private async Task<bool> StepAsync(CancellationToken cancellationToken)
    {
        MemberListResponse list = await _connection.ReadAsync(static (member, options) => new Cluster.ClusterClient(member).MemberListAsync(new MemberListRequest { Linearizable = true }, options), Need.Root, cancellationToken).ConfigureAwait(false);
        Dictionary<ulong, StatusResponse> statuses = await ProbeAsync(list.Members, cancellationToken).ConfigureAwait(false);
        Member? old = plan.FindOld(list.Members);
        Member? come = plan.FindNew(list.Members);
        _stands = Describe(old, come);
        ReplaceStep step = plan.Next(list.Members, statuses.Where(static status => status.Value.Leader != 0).Select(static status => status.Key).ToHashSet());
        UseOthers(list.Members, old, statuses);
        try
        {
            switch (step)
            {
                case ReplaceStep.RemoveOldFirst:
                    Say($"{Display(old!)} does not answer: it is removed first");
                    await RemoveAsync(old!, cancellationToken).ConfigureAwait(false);
                    break;
                case ReplaceStep.Add:
                    await AddAsync(cancellationToken).ConfigureAwait(false);
                    break;
                case ReplaceStep.Promote:
                    await PromoteAsync(list.Members, come!, statuses, cancellationToken).ConfigureAwait(false);
                    break;
                case ReplaceStep.RemoveOld:
                    await HandOnLeadershipAsync(old!, come!, statuses, cancellationToken).ConfigureAwait(false);
                    await RemoveAsync(old!, cancellationToken).ConfigureAwait(false);
                    break;
                default:
                    Say($"done: {Display(come!)} votes, and {plan.OldName} is no member any more");
                    return false;
            }
        }
        catch (CommandFailedException failure) when (failure.Code is ExitCode.OutcomeUnknown or ExitCode.Unreachable || Passing.Any(text => failure.Message.StartsWith(text, StringComparison.Ordinal)))
        {
            // What became of it shows at the next look. No step can be done twice: ids are new each time, and so is a peer URL.
            Say($"not yet: {failure.Message.Split(". ")[0]}");
            cancellationToken.ThrowIfCancellationRequested();
            await Task.Delay(BetweenLooks, cancellationToken).ConfigureAwait(false);
        }

        return true;
    }

    private async Task AddAsync(CancellationToken cancellationToken)
    {
        var request = new MemberAddRequest { IsLearner = true };
        request.PeerURLs.AddRange(plan.NewUrls);
        MemberAddResponse added = await _connection.WriteAsync((member, options) => new Cluster.ClusterClient(member).MemberAddAsync(request, options), Need.Root, cancellationToken).ConfigureAwait(false);
        _stands = Describe(plan.FindOld(added.Members), added.Member);
        Say($"{plan.NewName} is added as a learner, with the id {Texts.Id(added.Member.ID)}");
        Say(StartLine(added.Members, added.Member));
    }

    private async Task PromoteAsync(IReadOnlyList<Member> members, Member come, Dictionary<ulong, StatusResponse> statuses, CancellationToken cancellationToken)
    {
        if (come.Name.Length == 0)
        {
            Say(StartLine(members, come));
            await Task.Delay(BetweenLooks, cancellationToken).ConfigureAwait(false);
            return;
        }

        if (come.Name != plan.NewName)
        {
            throw new CommandFailedException(ExitCode.Refused, $"the member at {string.Join(',', plan.NewUrls)} was started with the name '{come.Name}', not '{plan.NewName}'. If that is right, say --name {come.Name}");
        }

        ulong newest = statuses.Values.Select(static status => status.RaftIndex).DefaultIfEmpty().Max();
        string applied = statuses.TryGetValue(come.ID, out StatusResponse? status) ? $"{status.RaftAppliedIndex} of {newest} entries" : "does not answer yet";
        Say($"{plan.NewName} catches up: {applied}");
        try
        {
            // The leader decides whether it has caught up: it knows best.
            await _connection.WriteAsync((member, options) => new Cluster.ClusterClient(member).MemberPromoteAsync(new MemberPromoteRequest { ID = come.ID }, options), Need.Root, cancellationToken).ConfigureAwait(false);
        }
        catch (CommandFailedException failure) when (failure.Message.StartsWith("etcdserver: can only promote a learner member which is in sync", StringComparison.Ordinal))
        {
            await Task.Delay(BetweenLooks, cancellationToken).ConfigureAwait(false);
            return;
        }

        Say($"{plan.NewName} has caught up, and votes");
    }

    private async Task HandOnLeadershipAsync(Member old, Member come, Dictionary<ulong, StatusResponse> statuses, CancellationToken cancellationToken)
    {
        if (!statuses.TryGetValue(old.ID, out StatusResponse? status) || status.Leader != old.ID)
        {
            return;
        }

        foreach (string url in old.ClientURLs)
        {
            try
            {
                await context.Connection.AskAsync(url, (member, options) => new Maintenance.MaintenanceClient(member).MoveLeaderAsync(new MoveLeaderRequest { TargetID = come.ID }, options), ProbeTimeout, cancellationToken).ConfigureAwait(false);
                Say($"{Display(old)} led; {plan.NewName} leads now");
                return;
            }
            catch (RpcException exception)
            {
                // A leader can be removed, too; it is only that the others then have to notice.
                Say($"{Display(old)} leads, and did not hand it on ({CallFailure.Describe(exception)})");
            }
        }
    }

    private async Task RemoveAsync(Member old, CancellationToken cancellationToken)
    {
        await _connection.WriteAsync((member, options) => new Cluster.ClusterClient(member).MemberRemoveAsync(new MemberRemoveRequest { ID = old.ID }, options), Need.Root, cancellationToken).ConfigureAwait(false);
        _oldIsRemoved = true;
        _stands = $"{Display(old)} is removed";
        Say(_stands);
    }

    private async Task<Dictionary<ulong, StatusResponse>> ProbeAsync(IReadOnlyList<Member> members, CancellationToken cancellationToken)
    {
        (ulong ID, StatusResponse? Status)[] answers = await Task.WhenAll(members.Select(async member => (member.ID, await ProbeAsync(member, cancellationToken).ConfigureAwait(false)))).ConfigureAwait(false);
        return answers.Where(static answer => answer.Status is not null).ToDictionary(static answer => answer.ID, static answer => answer.Status!);
    }

    private async Task<StatusResponse?> ProbeAsync(Member member, CancellationToken cancellationToken)
    {
        foreach (string url in member.ClientURLs)
        {
            try
            {
                StatusResponse status = await context.Connection.AskAsync(url, static (called, options) => new Maintenance.MaintenanceClient(called).StatusAsync(new StatusRequest(), options), ProbeTimeout, cancellationToken).ConfigureAwait(false);
                if (status.Header.MemberId == member.ID)
                {
                    return status;
                }
            }
            catch (RpcException)
            {
                // That it does not answer is what was to be found out.
                cancellationToken.ThrowIfCancellationRequested();
            }
        }

        return null;
    }

    /// <summary>Changes go through members that stay: the one that goes could not answer any more.</summary>
    private void UseOthers(IReadOnlyList<Member> members, Member? old, Dictionary<ulong, StatusResponse> statuses)
    {
        List<string> endpoints = [.. members.Where(member => member != old && !member.IsLearner && statuses.ContainsKey(member.ID)).SelectMany(static member => member.ClientURLs)];
        endpoints.AddRange(context.Connection.Settings.Endpoints.Except(endpoints));
        if (endpoints.SequenceEqual(_connection.Settings.Endpoints))
        {
            return;
        }

        Dispose();
        _connection = new Connection(context.Connection.Settings with { Endpoints = endpoints });
    }

    private string StartLine(IEnumerable<Member> members, Member come) => $"waiting for {plan.NewName} to be started:\n  veche serve {string.Join(' ', MemberOutput.StartFlags(plan.NewName, come.ID, members))}";

    private string Describe(Member? old, Member? come) => (old, come) switch
    {
        (null, null) => $"{plan.OldName} is no member, and {plan.NewName} is not added yet",
        ({ }, null) => "nothing was changed",
        (_, { IsLearner: true }) => $"{plan.NewName} is a learner ({Texts.Id(come.ID)}){(old is null ? string.Empty : $", and {Display(old)} still votes")}",
        ({ }, { }) => $"{plan.NewName} votes, and {Display(old)} is still to be removed",
        _ => $"{plan.NewName} votes, and {plan.OldName} is no member",
    };

    /// <summary>Progress goes to the error stream, each line once.</summary>
    private void Say(string line)
    {
        if (line != _last)
        {
            _last = line;
            context.Error.WriteLine(line);
        }
    }

    private static string Display(Member member) => member.Name.Length > 0 ? member.Name : Texts.Id(member.ID);
}
