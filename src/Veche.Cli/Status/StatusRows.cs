using System.Globalization;
using Spectre.Console;
using Veche.Cli.Members;

namespace Veche.Cli.Status;

/// <summary>One line about a member.</summary>
internal sealed record StatusRow(string Endpoint, string Name, string Id, string Version, string Role, ulong Term, ulong Commit, ulong Applied, ulong Lag, string Size, string Health, string Latency)
{
    /// <summary>Who should rather lead; null where the server does not say.</summary>
    public string? Priority { get; init; }
}

/// <summary>Statuses as lines and tables.</summary>
internal static class StatusRows
{
    public static IReadOnlyList<StatusRow> ToRows(IReadOnlyList<EndpointStatus> statuses)
    {
        ulong newest = statuses.Max(static status => status.Response?.RaftIndex ?? 0);
        return [.. statuses.Select(status => ToRow(status, newest))];
    }

    public static Table ToTable(IReadOnlyList<StatusRow> rows)
    {
        var table = new Table { Border = TableBorder.Rounded };
        foreach (string column in (string[])["endpoint", "name", "id", "version", "role", "priority", "term", "commit", "applied", "lag", "size", "answer", "health"])
        {
            table.AddColumn(column);
        }

        foreach (StatusRow row in rows)
        {
            table.AddRow(
                Markup.Escape(row.Endpoint), Markup.Escape(row.Name), row.Id, row.Version, RoleMarkup(row.Role), row.Priority ?? "-", Number(row.Term), Number(row.Commit), Number(row.Applied), Number(row.Lag), row.Size, row.Latency, HealthMarkup(row.Health));
        }

        return table;
    }

    public static string RoleMarkup(string role) => role == "leader" ? "[bold green]leader[/]" : role;

    public static string HealthMarkup(string health) => health == "healthy" ? "[green]healthy[/]" : $"[red]{Markup.Escape(health)}[/]";

    public static string Bytes(long bytes) => bytes switch
    {
        >= 1 << 30 => string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1 << 30):0.0} GiB"),
        >= 1 << 20 => string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1 << 20):0.0} MiB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1024.0:0.0} KiB"),
    };

    private static string Number(ulong value) => value.ToString(CultureInfo.InvariantCulture);

    private static StatusRow ToRow(EndpointStatus status, ulong newest)
    {
        if (status.Response is not { } response)
        {
            return new StatusRow(status.Endpoint, "-", "-", "-", "-", 0, 0, 0, 0, "-", status.Error ?? "unreachable", "-");
        }

        string role = status.IsLeader ? "leader" : response.IsLearner ? "learner" : status.View is { IsWitness: true } ? "witness" : "follower";
        return new StatusRow(
            status.Endpoint,
            status.Member?.Name ?? "-",
            response.Header.MemberId.ToString("x", CultureInfo.InvariantCulture),
            response.Version,
            role,
            response.RaftTerm,
            response.RaftIndex,
            response.RaftAppliedIndex,
            newest - Math.Min(newest, response.RaftAppliedIndex),
            Bytes(response.DbSize),
            status.More is { Condition.Length: > 0 } more ? more.Condition : status.IsHealthy ? "healthy" : response.Errors.Count > 0 ? response.Errors[0] : "no leader",
            string.Create(CultureInfo.InvariantCulture, $"{status.Took.TotalMilliseconds:0.0} ms"))
        {
            Priority = status.View is { } view ? MemberOutput.Priority(view) : null,
        };
    }
}
