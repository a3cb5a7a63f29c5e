using System.Globalization;
using Spectre.Console;
using Spectre.Console.Rendering;
using Veche.Cli.Status;

namespace Veche.Cli.Dev;

/// <summary>The cluster as a table that is drawn again and again.</summary>
internal static class DevTable
{
    public static IRenderable Draw(IReadOnlyList<DevMemberState> states, string endpoints, string note)
    {
        ulong newest = states.Max(static state => state.Status.Response?.RaftIndex ?? 0);
        var table = new Table { Border = TableBorder.Rounded, Title = new TableTitle("[bold]veche[/] development cluster") };
        foreach (string column in (string[])["member", "role", "term", "commit", "applied", "lag", "health", "pid", "clients"])
        {
            table.AddColumn(new TableColumn(column).NoWrap());
        }

        foreach (DevMemberState state in states)
        {
            table.AddRow([.. Cells(state, newest)]);
        }

        return new Rows(
            table,
            new Markup($"ETCDCTL_API=3 etcdctl --endpoints={Markup.Escape(endpoints)} put hello world"),
            new Markup("[bold]k[/] kill -9 the leader   [bold]r[/] restart a member that is down   [bold]q[/] quit"),
            new Markup(Markup.Escape(note)));
    }

    private static IEnumerable<string> Cells(DevMemberState state, ulong newest)
    {
        Api.StatusResponse? response = state.IsRunning ? state.Status.Response : null;
        yield return state.Member.Name;
        yield return response is null ? "-" : StatusRows.RoleMarkup(state.Status.IsLeader ? "leader" : response.IsLearner ? "learner" : "follower");
        yield return Number(response?.RaftTerm);
        yield return Number(response?.RaftIndex);
        yield return Number(response?.RaftAppliedIndex);
        yield return Number(response is null ? null : newest - Math.Min(newest, response.RaftAppliedIndex));
        yield return StatusRows.HealthMarkup(state.Health);
        yield return state.ProcessId?.ToString(CultureInfo.InvariantCulture) ?? "-";
        yield return state.Member.ClientUrl;
    }

    private static string Number(ulong? value) => value?.ToString(CultureInfo.InvariantCulture) ?? "-";
}
