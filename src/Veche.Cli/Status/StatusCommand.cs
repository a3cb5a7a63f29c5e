using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Veche.Cli.Client;

namespace Veche.Cli.Status;

/// <summary><c>veche status</c>: the cluster as a person wants to see it.</summary>
internal static class StatusCommand
{
    private static readonly TimeSpan MostToWait = TimeSpan.FromSeconds(3);

    public static Command Create() => new Command("status", "Show how the members of a cluster are, as a table unless -o says otherwise. Ends with 1 when a quorum of those asked is not healthy.").Does(RunAsync, OutputFormat.Table);

    private static async Task<int> RunAsync(ClientContext context, CancellationToken cancellationToken)
    {
        TimeSpan timeout = context.Connection.Settings.Timeout;
        using var probe = new StatusProbe(context.Connection.Settings);
        IReadOnlyList<EndpointStatus> found = await probe.AskAsync(timeout < MostToWait ? timeout : MostToWait, cancellationToken).ConfigureAwait(false);
        ClusterSummary summary = ClusterSummary.Of(found);
        switch (context.Output.Format)
        {
            case OutputFormat.Json:
                context.Output.WriteLine(JsonSerializer.Serialize(StatusRows.ToRows(found), OutputJson.Indented.IReadOnlyListStatusRow));
                break;
            case OutputFormat.Plain:
                foreach (EndpointStatus status in found)
                {
                    context.Output.WriteLine(Plain(status));
                }

                break;
            default:
                context.Output.Write(StatusRows.ToTable(StatusRows.ToRows(found)));
                context.Output.WriteLine(summary.Text);
                break;
        }

        return summary.HasQuorum ? 0 : 1;
    }

    /// <summary>etcdctl's columns.</summary>
    private static string Plain(EndpointStatus status) => status.Response is { } response
        ? string.Create(CultureInfo.InvariantCulture, $"{status.Endpoint}, {Texts.Id(response.Header.MemberId)}, {response.Version}, {StatusRows.Bytes(response.DbSize)}, {Truth(status.IsLeader)}, {Truth(response.IsLearner)}, {response.RaftTerm}, {response.RaftIndex}, {response.RaftAppliedIndex}, {string.Join(' ', response.Errors)}")
        : $"{status.Endpoint}, {status.Error}";

    private static string Truth(bool value) => value ? "true" : "false";
}

/// <summary>How many members are healthy, and how many more may fail.</summary>
/// <param name="HasQuorum">Enough are.</param>
/// <param name="Text">In words.</param>
internal sealed record ClusterSummary(bool HasQuorum, string Text)
{
    public static ClusterSummary Of(IReadOnlyList<EndpointStatus> statuses)
    {
        int members = statuses.Count;
        int quorum = (members / 2) + 1;
        int healthy = statuses.Count(static status => status.IsHealthy);
        string text = $"{healthy} of {members} healthy, quorum {quorum}: "
            + (healthy < quorum ? "no quorum, writes and linearizable reads stop"
                : healthy == quorum ? "not one more may fail"
                : $"{healthy - quorum} more may fail");
        return new ClusterSummary(healthy >= quorum, text);
    }
}
