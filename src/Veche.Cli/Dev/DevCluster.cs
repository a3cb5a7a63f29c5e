using System.Diagnostics;
using Veche.Cli.Status;

namespace Veche.Cli.Dev;

/// <summary>What is known of a member now.</summary>
internal sealed record DevMemberState(DevMember Member, int? ProcessId, EndpointStatus Status, string LastLine)
{
    public bool IsRunning => ProcessId is not null;

    public bool IsHealthy => IsRunning && Status.IsHealthy;

    public string Health => !IsRunning ? "down" : Status.IsHealthy ? "healthy" : Status.Error ?? "no leader";
}

/// <summary>The members of a cluster on this machine.</summary>
internal sealed class DevCluster : IDisposable
{
    private static readonly TimeSpan AskTimeout = TimeSpan.FromMilliseconds(400);
    private readonly List<MemberProcess> _members;
    private readonly StatusProbe _probe;

    public DevCluster(IReadOnlyList<DevMember> members)
    {
        _members = [.. members.Select(member => new MemberProcess(member, () => SelfWith(DevLayout.Arguments(member, members, Environment.ProcessId))))];
        _probe = new StatusProbe(members.Select(static member => member.ClientUrl));
    }

    public string Endpoints => string.Join(',', _members.Select(static member => $"127.0.0.1:{member.Member.ClientPort}"));

    public void Start()
    {
        foreach (MemberProcess member in _members)
        {
            member.Start();
        }
    }

    public async Task<IReadOnlyList<DevMemberState>> LookAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<EndpointStatus> statuses = await _probe.AskAsync(AskTimeout, cancellationToken).ConfigureAwait(false);
        return [.. _members.Select((member, i) => new DevMemberState(member.Member, member.ProcessId, statuses[i], member.LastLine))];
    }

    /// <summary>kill -9 of the leader; says which it was, or null when there is none.</summary>
    public string? KillLeader(IReadOnlyList<DevMemberState> states)
    {
        DevMemberState? leader = states.FirstOrDefault(static state => state.IsRunning && state.Status.IsLeader);
        if (leader is null)
        {
            return null;
        }

        _members.First(member => member.Member == leader.Member).Kill();
        return leader.Member.Name;
    }

    /// <summary>Whether members are without a disk: the others would refuse one that came back.</summary>
    public bool KeepsNothing => _members.Any(static member => member.Member.Directory is null);

    /// <summary>Starts the first member that is down; says which it was, or null when all run.</summary>
    public string? StartOneThatIsDown()
    {
        MemberProcess? down = _members.FirstOrDefault(static member => !member.IsRunning);
        down?.Start();
        return down?.Member.Name;
    }

    public Task StopAsync() => Task.WhenAll(_members.Select(static member => member.StopAsync()));

    public void Dispose()
    {
        foreach (MemberProcess member in _members)
        {
            member.Dispose();
        }

        _probe.Dispose();
    }

    /// <summary>This very program, whether it runs as an executable of its own or under <c>dotnet</c>.</summary>
    private static ProcessStartInfo SelfWith(IReadOnlyList<string> arguments)
    {
        string host = Environment.ProcessPath!;
        var info = new ProcessStartInfo(host) { UseShellExecute = false };
        if (Path.GetFileNameWithoutExtension(host) == "dotnet")
        {
            info.ArgumentList.Add(Environment.GetCommandLineArgs()[0]);
        }

        foreach (string argument in arguments)
        {
            info.ArgumentList.Add(argument);
        }

        return info;
    }
}
