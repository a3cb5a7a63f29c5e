using System.Globalization;
using Veche.Api;
using Veche.Cli.Client;

namespace Veche.Cli.Members;

/// <summary>A member as JSON.</summary>
internal sealed record MemberShape(string Id, bool Started, string Name, IEnumerable<string> PeerUrls, IEnumerable<string> ClientUrls, bool IsLearner)
{
    public static MemberShape Of(Member member) => new(Texts.Id(member.ID), member.Name.Length > 0, member.Name, member.PeerURLs, member.ClientURLs, member.IsLearner);
}

/// <summary>Members as tables and lines.</summary>
internal static class MemberOutput
{
    private static readonly string[] Columns = ["id", "state", "name", "peer URLs", "client URLs", "votes"];

    public static void List(Output output, IEnumerable<Member> members)
    {
        switch (output.Format)
        {
            case OutputFormat.Json:
                output.WriteJson(new { members = members.Select(MemberShape.Of) });
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
