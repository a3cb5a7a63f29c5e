using System.Globalization;
using Veche.Api;
using Veche.Api.Members;
using Veche.Cli.Client;

namespace Veche.Cli.Members;

/// <summary>A member as JSON.</summary>
internal sealed record MemberShape(string Id, bool Started, string Name, IEnumerable<string> PeerUrls, IEnumerable<string> ClientUrls, bool IsLearner)
{
    /// <summary>See <see cref="MemberView.Priority"/>; null where the server does not say.</summary>
    public int? Priority { get; init; }

    /// <summary>What it shares its fate with; null where the server does not say.</summary>
    public string? Zone { get; init; }

    /// <summary>It votes, and holds no data; null where the server does not say.</summary>
    public bool? IsWitness { get; init; }

    public static MemberShape Of(Member member) => new(Texts.Id(member.ID), member.Name.Length > 0, member.Name, member.PeerURLs, member.ClientURLs, member.IsLearner);
}

/// <summary>Members as JSON.</summary>
internal sealed record MembersShape(IEnumerable<MemberShape> Members);

/// <summary>A member that was added, and what its process has to be started with, as JSON.</summary>
internal sealed record AddedMemberShape(MemberShape Member, IEnumerable<string> Start);

/// <summary>A member by what decides who leads, as JSON.</summary>
internal sealed record ViewShape(string Id, string Name, bool IsLearner, bool IsWitness, int Priority, string Zone);

/// <summary>How many vote, and how many of them decide, as JSON.</summary>
internal sealed record QuorumsShape(long Voters, long Election, long Commit);

/// <summary>Who should lead, how many decide, and what is missing, as JSON.</summary>
internal sealed record ClusterShape(string Leader, QuorumsShape Quorums, string? Condition, IEnumerable<ViewShape> Members);

/// <summary>Members as tables and lines.</summary>
internal static class MemberOutput
{
    private static readonly string[] Columns = ["id", "state", "name", "peer URLs", "client URLs", "votes"];
    private static readonly string[] MoreColumns = [.. Columns, "priority", "zone"];

    /// <param name="output">Where to.</param>
    /// <param name="members">As etcd has them.</param>
    /// <param name="more">What Veche says of them beyond that.</param>
    public static void List(Output output, IEnumerable<Member> members, DescribeReply? more = null)
    {
        switch (output.Format)
        {
            case OutputFormat.Json:
                output.WriteJson(new MembersShape(members.Select(member => MemberShape.Of(member) with { Priority = Find(more, member)?.Priority, Zone = Find(more, member)?.Zone, IsWitness = Find(more, member)?.IsWitness })), OutputJson.Lines.MembersShape);
                break;
            case OutputFormat.Table when more is not null:
                output.WriteTable(MoreColumns, members.Select(member => (string[])[Texts.Id(member.ID), State(member), member.Name, string.Join(',', member.PeerURLs), string.Join(',', member.ClientURLs), Votes(member.IsLearner, Find(more, member)), Priority(Find(more, member)), Find(more, member)?.Zone ?? string.Empty]));
                break;
            case OutputFormat.Table:
                output.WriteTable(Columns, members.Select(static member => (string[])[Texts.Id(member.ID), State(member), member.Name, string.Join(',', member.PeerURLs), string.Join(',', member.ClientURLs), member.IsLearner ? "no, learner" : "yes"]));
                break;
            default:
                foreach (Member member in members)
                {
                    output.WriteLine($"{Texts.Id(member.ID)}, {State(member)}, {member.Name}, {string.Join(',', member.PeerURLs)}, {string.Join(',', member.ClientURLs)}, {(member.IsLearner ? "true" : "false")}");
                }

                break;
        }
    }

    /// <summary>Who should lead, how many decide, and what is missing.</summary>
    public static void Show(Output output, DescribeReply cluster)
    {
        switch (output.Format)
        {
            case OutputFormat.Json:
                var shape = new ClusterShape(
                    Texts.Id(cluster.Leader),
                    new QuorumsShape(cluster.Quorums.Voters, cluster.Quorums.Election, cluster.Quorums.Commit),
                    cluster.Condition.Length > 0 ? cluster.Condition : null,
                    cluster.Members.Select(static member => new ViewShape(Texts.Id(member.Id), member.Name, member.IsLearner, member.IsWitness, member.Priority, member.Zone)));
                output.WriteJson(shape, OutputJson.Lines.ClusterShape);
                break;
            case OutputFormat.Table:
                output.WriteTable(["id", "name", "votes", "priority", "zone", "leads"], cluster.Members.Select(member => (string[])[Texts.Id(member.Id), member.Name, Votes(member.IsLearner, member), Priority(member), member.Zone, member.Id == cluster.Leader ? "yes" : string.Empty]));
                break;
            default:
                foreach (MemberView member in cluster.Members)
                {
                    output.WriteLine($"{Texts.Id(member.Id)}, {member.Name}, priority {Priority(member)}{(member.IsWitness ? ", witness" : string.Empty)}{(member.Zone.Length > 0 ? $", zone {member.Zone}" : string.Empty)}{(member.Id == cluster.Leader ? ", leads" : string.Empty)}");
                }

                break;
        }
    }

    public static string Quorums(Quorums quorums) =>
        string.Create(CultureInfo.InvariantCulture, $"{quorums.Voters} voters: {quorums.Election} votes elect a leader, {quorums.Commit} must hold a write; writes go on with {quorums.Voters - quorums.Commit} away, elections with {quorums.Voters - quorums.Election}");

    public static string Priority(MemberView? member) => member switch
    {
        null => string.Empty,
        { IsLearner: true } or { IsWitness: true } => "-",
        { Priority: 0 } => "0, never leads",
        _ => member.Priority.ToString(CultureInfo.InvariantCulture),
    };

    private static string Votes(bool isLearner, MemberView? view) => (isLearner ? "no, learner" : "yes") + (view is { IsWitness: true } ? ", witness" : string.Empty);

    private static MemberView? Find(DescribeReply? more, Member member) => more?.Members.FirstOrDefault(known => known.Id == member.ID);

    /// <summary>What the new member's process has to be started with.</summary>
    public static IEnumerable<string> StartFlags(string name, ulong id, IEnumerable<Member> members)
    {
        IEnumerable<string> cluster = members.SelectMany(member => member.PeerURLs.Select(url => $"{(member.ID == id ? name : member.Name)}={url}"));
        Member added = members.First(member => member.ID == id);
        return [$"--name={name}", $"--initial-cluster={string.Join(',', cluster)}", $"--initial-advertise-peer-urls={string.Join(',', added.PeerURLs)}", "--initial-cluster-state=existing"];
    }

    /// <exception cref="CommandFailedException">It is no id.</exception>
    public static ulong ParseId(string text) => ulong.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong id)
        ? id
        : throw new CommandFailedException(ExitCode.Usage, $"'{text}' is no member's id: it is up to 16 hexadecimal digits, as `veche member list` shows");

    private static string State(Member member) => member.Name.Length > 0 ? "started" : "unstarted";
}
