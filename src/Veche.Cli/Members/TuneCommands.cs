using System.CommandLine;
using Veche.Api.Members;
using Veche.Cli.Client;

namespace Veche.Cli.Members;

/// <summary><c>veche member priority</c> and <c>veche member quorum</c>.</summary>
internal static class TuneCommands
{
    public static Command CreatePriority()
    {
        var who = new Argument<string>("MEMBER") { Description = "Its name, or its id as `veche member list` shows it." };
        var priority = new Argument<int>("PRIORITY") { Description = "0: never leads. Otherwise the member with the highest takes over once it has caught up; all have 1 at first." };
        return new Command("priority", "Say who should rather lead, and who never. Takes effect at once, without a restart.") { who, priority }.Does(async (context, cancellationToken) =>
        {
            string wanted = context.Parsed.GetRequiredValue(who);
            DescribeReply before = await context.Connection.ReadAsync((member, options) => new Api.Members.Members.MembersClient(member).DescribeAsync(new DescribeRequest(), options), Need.Root, cancellationToken).ConfigureAwait(false);
            var request = new TuneRequest { Priority = new PriorityChange { Id = Find(before, wanted), Priority = context.Parsed.GetRequiredValue(priority) } };
            DescribeReply after = await TuneAsync(context, request, cancellationToken).ConfigureAwait(false);
            MemberOutput.Show(context.Output, after);
        });
    }

    public static Command CreateQuorum()
    {
        var election = new Option<int>("--election") { Description = "How many votes elect a leader: more than half of the voters. 0 for a majority." };
        var commit = new Option<int>("--commit") { Description = "How many voters must hold a write durably. 0 for a majority. Together with --election more than there are voters." };
        var majority = new Option<bool>("--majority") { Description = "A majority for both, as at first." };
        return new Command("quorum", "Show how many voters elect and how many commit, or change it. Sizes whose quorums need not meet are refused.") { election, commit, majority }.Does(async (context, cancellationToken) =>
        {
            bool isGiven = context.Parsed.GetResult(election) is not null || context.Parsed.GetResult(commit) is not null;
            bool toMajority = context.Parsed.GetValue(majority);
            if (isGiven && toMajority)
            {
                throw new CommandFailedException(ExitCode.Usage, "--majority stands for both sizes: leave out --election and --commit");
            }

            DescribeReply reply = isGiven || toMajority
                ? await TuneAsync(context, new TuneRequest { Quorums = new QuorumChange { Election = context.Parsed.GetValue(election), Commit = context.Parsed.GetValue(commit) } }, cancellationToken).ConfigureAwait(false)
                : await context.Connection.ReadAsync((member, options) => new Api.Members.Members.MembersClient(member).DescribeAsync(new DescribeRequest(), options), Need.Root, cancellationToken).ConfigureAwait(false);
            if (context.Output.Format == OutputFormat.Json)
            {
                MemberOutput.Show(context.Output, reply);
            }
            else
            {
                context.Output.WriteLine(MemberOutput.Quorums(reply.Quorums));
            }
        });
    }

    private static Task<DescribeReply> TuneAsync(ClientContext context, TuneRequest request, CancellationToken cancellationToken) =>
        context.Connection.WriteAsync((member, options) => new Api.Members.Members.MembersClient(member).TuneAsync(request, options), Need.Root, cancellationToken);

    private static ulong Find(DescribeReply cluster, string wanted) =>
        cluster.Members.FirstOrDefault(known => known.Name == wanted || Texts.Id(known.Id) == wanted)?.Id
        ?? throw new CommandFailedException(ExitCode.Usage, $"there is no member '{wanted}'; there are {string.Join(", ", cluster.Members.Select(static known => known.Name.Length > 0 ? known.Name : Texts.Id(known.Id)))}");
}
