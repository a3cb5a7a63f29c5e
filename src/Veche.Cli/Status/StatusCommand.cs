using System.CommandLine;
using System.Text.Json;
using Spectre.Console;

namespace Veche.Cli.Status;

/// <summary><c>veche status</c>: the cluster as a person wants to see it.</summary>
internal static class StatusCommand
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(3);
    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    public static Command Create()
    {
        var endpoints = new Option<string>("--endpoints") { Description = "Members to ask, separated by commas.", DefaultValueFactory = static _ => "http://127.0.0.1:2379" };
        var format = new Option<string>("--write-out", "-w") { Description = "table or json.", DefaultValueFactory = static _ => "table" };
        format.AcceptOnlyFromAmong("table", "json");
        var command = new Command("status", "Show how the members of a cluster are. Ends with 1 when a quorum of those asked is not healthy.") { endpoints, format };
        command.SetAction(async (parsed, cancellationToken) => await RunAsync(parsed.GetValue(endpoints)!, parsed.GetValue(format)!, cancellationToken).ConfigureAwait(false));
        return command;
    }

    private static async Task<int> RunAsync(string endpoints, string format, CancellationToken cancellationToken)
    {
        List<string> urls = [];
        foreach (string part in endpoints.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            string url = part.Contains("://", StringComparison.Ordinal) ? part : "http://" + part;
            if (!Uri.TryCreate(url, UriKind.Absolute, out _))
            {
                await Console.Error.WriteLineAsync($"veche: '{part}' is no endpoint; it should look like 127.0.0.1:2379").ConfigureAwait(false);
                return 2;
            }

            urls.Add(url);
        }

        using var probe = new StatusProbe(urls);
        IReadOnlyList<EndpointStatus> found = await probe.AskAsync(Timeout, cancellationToken).ConfigureAwait(false);
        ClusterSummary summary = ClusterSummary.Of(found);
        if (format == "json")
        {
            Console.WriteLine(JsonSerializer.Serialize(StatusRows.ToRows(found), Json));
        }
        else
        {
            AnsiConsole.Write(StatusRows.ToTable(StatusRows.ToRows(found)));
            AnsiConsole.MarkupLine(summary.HasQuorum ? $"[green]{Markup.Escape(summary.Text)}[/]" : $"[red]{Markup.Escape(summary.Text)}[/]");
        }

        return summary.HasQuorum ? 0 : 1;
    }
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
