namespace Veche.Cli.Dev;

/// <summary>What has changed between two looks at the cluster, one line each.</summary>
internal static class DevLines
{
    public static IReadOnlyList<string> Changes(IReadOnlyList<DevMemberState>? before, IReadOnlyList<DevMemberState> now)
    {
        List<string> lines = [];
        for (int i = 0; i < now.Count; i++)
        {
            DevMemberState? old = before?[i];
            DevMemberState state = now[i];
            string name = state.Member.Name;
            if (state.IsRunning && old?.ProcessId != state.ProcessId)
            {
                lines.Add($"{name}: started, pid {state.ProcessId}, clients at {state.Member.ClientUrl}");
            }
            else if (!state.IsRunning && old is not { IsRunning: false })
            {
                lines.Add($"{name}: ended{(state.LastLine.Length > 0 ? $" ({state.LastLine})" : string.Empty)}");
            }
            else if (old is not null && old.Health != state.Health)
            {
                lines.Add($"{name}: {state.Health}");
            }
        }

        if (LeaderOf(now) is { } leader && leader != LeaderOf(before))
        {
            lines.Add($"leader: {leader}");
        }

        if (now.All(static state => state.IsHealthy) && before?.All(static state => state.IsHealthy) != true)
        {
            lines.Add($"cluster ready: {now.Count} of {now.Count} members healthy");
        }

        return lines;
    }

    private static string? LeaderOf(IReadOnlyList<DevMemberState>? states) =>
        states?.Where(static state => state.IsRunning && state.Status.IsLeader)
            .OrderByDescending(static state => state.Status.Response!.RaftTerm)
            .Select(static state => $"{state.Member.Name} in term {state.Status.Response!.RaftTerm}")
            .FirstOrDefault();
}
