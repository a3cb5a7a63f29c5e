using System.CommandLine;
using Grpc.Core;
using Veche.Api;
using Veche.Api.Members;
using Veche.Cli.Client;

namespace Veche.Cli.Members;

/// <summary><c>veche member</c>.</summary>
internal static class MemberCommand
{
    public static Command Create() => new("member", "The members of the cluster: show, add, promote, update, remove, replace; who should lead, and how many decide.")
    {
        CreateList(), CreateAdd(), CreatePromote(), CreateUpdate(), CreateRemove(), ReplaceCommand.Create(), TuneCommands.CreatePriority(), TuneCommands.CreateQuorum(),
    };

    private static Command CreateList()
    {
        var local = new Option<bool>("--serializable") { Description = "What the member that is asked knows, which may be old. Works without a quorum." };
        return new Command("list", "Show the members.") { local }.Does(async (context, cancellationToken) =>
        {
            var request = new MemberListRequest { Linearizable = !context.Parsed.GetValue(local) };
            MemberListResponse response = await context.Connection.ReadAsync((member, options) => new Cluster.ClusterClient(member).MemberListAsync(request, options), Need.Root, cancellationToken).ConfigureAwait(false);
            DescribeReply? more = context.Output.Format == OutputFormat.Plain ? null : await MoreAsync(context, cancellationToken).ConfigureAwait(false);
            MemberOutput.List(context.Output, response.Members, more);
        });
    }

    /// <summary>What etcd's own list has no room for; null when the server is etcd.</summary>
    private static async Task<DescribeReply?> MoreAsync(ClientContext context, CancellationToken cancellationToken)
    {
        try
        {
            return await context.Connection.AskAsync(context.Connection.Endpoint, (member, options) => new Api.Members.Members.MembersClient(member).DescribeAsync(new DescribeRequest(), options), context.Connection.Settings.Timeout, cancellationToken).ConfigureAwait(false);
        }
        catch (RpcException exception) when (exception.StatusCode == StatusCode.Unimplemented)
        {
            return null;
        }
        catch (RpcException exception)
        {
            throw Advice.Of(exception, Need.Root, context.Connection.Endpoint, context.Connection.Settings.User);
        }
    }

    private static Command CreateAdd()
    {
        var name = new Argument<string>("NAME") { Description = "The name that it will be started with." };
        Option<string> urls = PeerUrls();
        var learner = new Option<bool>("--learner") { Description = "It does not vote until it is promoted." };
        var witness = new Option<bool>("--witness") { Description = "It votes, and holds no data." };
        return new Command("add", "Tell the cluster of a new member, before it is started.") { name, urls, learner, witness }.Does(async (context, cancellationToken) =>
        {
            bool isWitness = context.Parsed.GetValue(witness);
            MemberAddResponse response = await AddAsync(context, [.. Split(context.Parsed.GetRequiredValue(urls))], context.Parsed.GetValue(learner), isWitness, cancellationToken).ConfigureAwait(false);
            IEnumerable<string> flags = MemberOutput.StartFlags(context.Parsed.GetRequiredValue(name), response.Member.ID, response.Members).Concat(isWitness ? ["--witness"] : []);
            if (context.Output.Format == OutputFormat.Json)
            {
                context.Output.WriteJson(new AddedMemberShape(MemberShape.Of(response.Member), flags), OutputJson.Lines.AddedMemberShape);
                return;
            }

            context.Output.WriteLine($"Member {Texts.Id(response.Member.ID),16} added to cluster {Texts.Id(response.Header.ClusterId),16}");
            context.Output.WriteLine("Start it with:");
            context.Output.WriteLine($"  veche serve {string.Join(' ', flags)}");
        });
    }

    /// <exception cref="CommandFailedException">It cannot be both, or the server does not know witnesses.</exception>
    private static async Task<MemberAddResponse> AddAsync(ClientContext context, string[] urls, bool isLearner, bool isWitness, CancellationToken cancellationToken)
    {
        if (!isWitness)
        {
            var request = new MemberAddRequest { IsLearner = isLearner };
            request.PeerURLs.AddRange(urls);
            return await context.Connection.WriteAsync((member, options) => new Cluster.ClusterClient(member).MemberAddAsync(request, options), Need.Root, cancellationToken).ConfigureAwait(false);
        }

        if (isLearner)
        {
            throw new CommandFailedException(ExitCode.Usage, "a member is added as a --learner, which holds data and does not vote, or as a --witness, which votes and holds no data");
        }

        var wanted = new AddWitnessRequest();
        wanted.PeerUrls.AddRange(urls);
        return await context.Connection.WriteAsync((member, options) => new Api.Members.Members.MembersClient(member).AddWitnessAsync(wanted, options), Need.Root, cancellationToken).ConfigureAwait(false);
    }

    private static Command CreatePromote()
    {
        Argument<string> id = Id();
        return new Command("promote", "Let a learner vote that has caught up.") { id }.Does(async (context, cancellationToken) =>
        {
            var request = new MemberPromoteRequest { ID = MemberOutput.ParseId(context.Parsed.GetRequiredValue(id)) };
            MemberPromoteResponse response = await context.Connection.WriteAsync((member, options) => new Cluster.ClusterClient(member).MemberPromoteAsync(request, options), Need.Root, cancellationToken).ConfigureAwait(false);
            Changed(context.Output, request.ID, "promoted in", response.Header, response.Members);
        });
    }

    private static Command CreateUpdate()
    {
        Argument<string> id = Id();
        Option<string> urls = PeerUrls();
        return new Command("update", "Tell the cluster that a member is reached elsewhere.") { id, urls }.Does(async (context, cancellationToken) =>
        {
            var request = new MemberUpdateRequest { ID = MemberOutput.ParseId(context.Parsed.GetRequiredValue(id)) };
            request.PeerURLs.AddRange(Split(context.Parsed.GetRequiredValue(urls)));
            MemberUpdateResponse response = await context.Connection.WriteAsync((member, options) => new Cluster.ClusterClient(member).MemberUpdateAsync(request, options), Need.Root, cancellationToken).ConfigureAwait(false);
            Changed(context.Output, request.ID, "updated in", response.Header, response.Members);
        });
    }

    private static Command CreateRemove()
    {
        Argument<string> id = Id();
        return new Command("remove", "Take a member out of the cluster. Its process ends, and its data cannot come back in.") { id }.Does(async (context, cancellationToken) =>
        {
            var request = new MemberRemoveRequest { ID = MemberOutput.ParseId(context.Parsed.GetRequiredValue(id)) };
            MemberRemoveResponse response = await context.Connection.WriteAsync((member, options) => new Cluster.ClusterClient(member).MemberRemoveAsync(request, options), Need.Root, cancellationToken).ConfigureAwait(false);
            Changed(context.Output, request.ID, "removed from", response.Header, response.Members);
        });
    }

    private static void Changed(Output output, ulong id, string what, ResponseHeader header, IEnumerable<Member> members)
    {
        if (output.Format == OutputFormat.Json)
        {
            MemberOutput.List(output, members);
        }
        else
        {
            output.WriteLine($"Member {Texts.Id(id),16} {what} cluster {Texts.Id(header.ClusterId),16}");
        }
    }

    private static IEnumerable<string> Split(string urls) => urls.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    private static Argument<string> Id() => new("ID") { Description = "The member, as `veche member list` names it." };

    private static Option<string> PeerUrls() => new("--peer-urls") { Description = "Where the other members reach it, separated by commas.", Required = true };
}
