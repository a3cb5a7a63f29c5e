using System.CommandLine;
using System.Globalization;
using Veche.Api.Members;
using Veche.Cli.Client;
using Veche.Raft;

namespace Veche.Cli.Plan;

/// <summary><c>veche plan</c>.</summary>
internal static class PlanCommand
{
    public static Command Create()
    {
        var members = new Option<int>("--members") { Description = "How many voters." };
        var zones = new Option<string>("--zones") { Description = "Where they are, as zone:voters, separated by commas: a:2,b:2,c:1." };
        var witnesses = new Option<string>("--witnesses") { Description = "Which of them hold no data: how many, or zone:voters as in --zones." };
        var election = new Option<int>("--election") { Description = "How many votes elect. 0, the default, for a majority." };
        var commit = new Option<int>("--commit") { Description = "How many voters must hold a write. 0, the default, for a majority." };
        var command = new Command("plan", "Say what a placement of voters survives: of a cluster to come (--members, --zones) or, without them, of the one that runs at --endpoints. Ends with 1 when a single zone stops it or the sizes of quorums are unsafe.") { members, zones, witnesses, election, commit };
        return command.Does(
            async (context, cancellationToken) =>
            {
                var sizes = new QuorumSizes(context.Parsed.GetValue(election), context.Parsed.GetValue(commit));
                bool isPlanned = context.Parsed.GetResult(members) is not null || context.Parsed.GetResult(zones) is not null;
                if (!isPlanned && new Option[] { witnesses, election, commit }.FirstOrDefault(option => context.Parsed.GetResult(option) is not null) is { } unused)
                {
                    throw new CommandFailedException(ExitCode.Usage, $"{unused.Name} is for a cluster to come: say --members or --zones too");
                }

                Placement placement = isPlanned
                    ? Parse(context.Parsed.GetResult(members) is null ? null : context.Parsed.GetValue(members), context.Parsed.GetValue(zones), sizes, context.Parsed.GetValue(witnesses))
                    : await AskAsync(context, cancellationToken).ConfigureAwait(false);
                PlanOutput.Write(context.Output, placement);
                return placement.Fatal.Any() || !placement.Sizes.Fit(placement.Voters, placement.AllWitnesses, out _) ? ExitCode.Refused : ExitCode.Done;
            },
            OutputFormat.Table);
    }

    /// <exception cref="CommandFailedException">It is no placement.</exception>
    public static Placement Parse(int? members, string? zones, QuorumSizes sizes, string? witnesses = null)
    {
        Dictionary<string, int> voters = ByZone("--zones", zones);
        int placed = voters.Values.Sum();
        int all = members ?? placed;
        if (all is < 1 or > Configuration.MaxMembers || (placed > 0 && placed != all))
        {
            throw new CommandFailedException(ExitCode.Usage, placed > 0 && placed != all ? $"--zones has {placed} voters, --members {all}" : $"--members goes from 1 to {Configuration.MaxMembers}, not {all}");
        }

        if (placed == 0)
        {
            voters[string.Empty] = all;
        }

        Dictionary<string, int> without = placed == 0 && int.TryParse(witnesses, NumberStyles.None, CultureInfo.InvariantCulture, out int count)
            ? new(StringComparer.Ordinal) { [string.Empty] = count }
            : ByZone("--witnesses", witnesses);
        return without.FirstOrDefault(zone => zone.Value > voters.GetValueOrDefault(zone.Key)) is { Value: > 0 } tooMany
            ? throw new CommandFailedException(ExitCode.Usage, $"--witnesses has {tooMany.Value}{(tooMany.Key.Length > 0 ? $" in zone {tooMany.Key}" : string.Empty)}, where there are {voters.GetValueOrDefault(tooMany.Key)} voters")
            : new Placement(voters, sizes) { Witnesses = without };
    }

    private static Dictionary<string, int> ByZone(string option, string? text)
    {
        Dictionary<string, int> voters = new(StringComparer.Ordinal);
        foreach (string part in (text ?? string.Empty).Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            int colon = part.LastIndexOf(':');
            if (colon <= 0 || !int.TryParse(part.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int count) || count < 1)
            {
                throw new CommandFailedException(ExitCode.Usage, $"{option} has '{part}'; it should be a list such as a:2,b:2,c:1");
            }

            if (!voters.TryAdd(part[..colon], count))
            {
                throw new CommandFailedException(ExitCode.Usage, $"{option} names zone '{part[..colon]}' twice");
            }
        }

        return voters;
    }

    private static async Task<Placement> AskAsync(ClientContext context, CancellationToken cancellationToken)
    {
        DescribeReply cluster = await context.Connection.ReadAsync((member, options) => new Api.Members.Members.MembersClient(member).DescribeAsync(new DescribeRequest(), options), Need.Root, cancellationToken).ConfigureAwait(false);
        Dictionary<string, int> zones = cluster.Members.Where(static member => !member.IsLearner).GroupBy(static member => member.Zone, StringComparer.Ordinal).ToDictionary(static zone => zone.Key, static zone => zone.Count(), StringComparer.Ordinal);
        Dictionary<string, int> witnesses = cluster.Members.Where(static member => member is { IsLearner: false, IsWitness: true }).GroupBy(static member => member.Zone, StringComparer.Ordinal).ToDictionary(static zone => zone.Key, static zone => zone.Count(), StringComparer.Ordinal);
        int majority = (cluster.Quorums.Voters / 2) + 1;
        bool isMajority = cluster.Quorums.Election == majority && cluster.Quorums.Commit == majority;
        return new Placement(zones, isMajority ? QuorumSizes.Majority : new QuorumSizes(cluster.Quorums.Election, cluster.Quorums.Commit)) { Witnesses = witnesses };
    }
}
