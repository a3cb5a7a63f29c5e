using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Veche.Cli.Client;
using Veche.Server.Audit;

namespace Veche.Cli.Audit;

/// <summary><c>veche audit</c>: what members have written to their audit trails.</summary>
internal static class AuditCommand
{
    /// <summary>As <c>veche check</c>: bad input is told apart from a bad verdict.</summary>
    private const int BadInput = 3;

    public static Command Create() => new("audit", "Verify audit trails (veche serve --veche-audit-dir), and look at them.") { CreateVerify(), CreateShow() };

    private static Command CreateVerify()
    {
        var directories = new Argument<string[]>("dir") { Description = "Directories of audit trails, of one or several members of a cluster.", Arity = ArgumentArity.OneOrMore };
        var command = new Command("verify", "Say whether trails are whole: nothing changed, added or left out, the same told by all members, and no entry missing from all. Ends with 0 when so, 1 when not, 3 when there is nothing to verify.") { directories, OutputOption.Format };
        command.SetAction(parsed => Try(parsed, output =>
        {
            AuditVerification verified = AuditVerification.Of(parsed.GetRequiredValue(directories), index => parsed.InvocationConfiguration.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"at index {index:N0}")));
            Write(output, verified);
            return verified.Findings.Count == 0 && verified.Missing.Count == 0 ? ExitCode.Done : ExitCode.Refused;
        }));
        return command;
    }

    private static Command CreateShow()
    {
        var directory = new Argument<string>("dir") { Description = "Directory of an audit trail." };
        var key = new Option<string>("--key") { Description = "Only what touches keys with this prefix, ranges that hold such keys included." };
        var user = new Option<string>("--user") { Description = "Only what this user asked for." };
        var from = new Option<long>("--from") { Description = "Only from this index on." };
        var limit = new Option<int>("--limit") { Description = "No more than so many, the latest. 0 for all.", DefaultValueFactory = static _ => 100 };
        var command = new Command("show", "Show what a trail tells, the oldest first. Each line is checked on the way.") { directory, key, user, from, limit, OutputOption.Format };
        command.SetAction(parsed => Try(parsed, output =>
        {
            AuditFilter filter = new(parsed.GetValue(key), parsed.GetValue(user), parsed.GetValue(from));
            IEnumerable<AuditLine> told = AuditReader.Read(parsed.GetRequiredValue(directory)).Where(filter.Takes);
            int most = parsed.GetValue(limit);
            Show(output, most > 0 ? told.TakeLast(most) : told);
            return ExitCode.Done;
        }));
        return command;
    }

    private static void Write(Output output, AuditVerification verified)
    {
        if (output.Format == OutputFormat.Json)
        {
            output.WriteJson(new VerifiedShape(verified.Findings.Count == 0 && verified.Missing.Count == 0, verified.Cluster, verified.Trails, verified.Missing, verified.Findings), OutputJson.Lines.VerifiedShape);
            return;
        }

        output.WriteTable(
            ["trail", "member", "first", "last", "entries", "gaps it names"],
            verified.Trails.Select(static trail => (string[])[trail.Directory, trail.Member, Number(trail.First), Number(trail.Last), Number(trail.Entries), string.Join("; ", trail.Gaps.Select(static gap => $"{Range(gap)}: {gap.Why}"))]));
        foreach (string finding in verified.Findings)
        {
            output.WriteLine($"WRONG: {finding}");
        }

        foreach (AuditGap gap in verified.Missing)
        {
            output.WriteLine($"MISSING: {Range(gap)} {(verified.Trails.Count > 1 ? "in all of them" : "in it; another member's trail may have them: verify both together")}");
        }

        if (verified.Findings.Count == 0 && verified.Missing.Count == 0)
        {
            long first = verified.Trails.Where(static trail => trail.First > 0).Select(static trail => trail.First).DefaultIfEmpty().Min();
            output.WriteLine($"whole: nothing was changed or left out, and no entry is missing from {Number(first)} to {Number(verified.Trails.Max(static trail => trail.Last))}");
        }
    }

    private static void Show(Output output, IEnumerable<AuditLine> lines)
    {
        if (output.Format == OutputFormat.Json)
        {
            foreach (AuditLine line in lines)
            {
                output.WriteJson(new ShownShape(JsonDocument.Parse(line.Content).RootElement, line.Kind == AuditLineKind.Gap ? true : null, line.Revision, line.Refused, line.Time), OutputJson.Lines.ShownShape);
            }

            return;
        }

        output.WriteTable(["index", "time", "what", "who", "revision", "about"], lines.Select(static line => Row(line)));
    }

    private static string[] Row(AuditLine line)
    {
        string time = line.Time.ToString("yyyy-MM-dd HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
        if (line.Kind == AuditLineKind.Gap)
        {
            return [$"{Number(line.From)} to {Number(line.Through)}", time, "(not here)", string.Empty, string.Empty, line.Why];
        }

        using JsonDocument document = JsonDocument.Parse(line.Content);
        JsonElement entry = document.RootElement;
        string who = entry.TryGetProperty("user", out JsonElement user) ? user.GetString()! : entry.TryGetProperty("by_cluster", out _) ? "(cluster)" : string.Empty;
        string[] known = ["index", "term", "kind", "user", "by_cluster", "asked_at"];
        var about = new StringBuilder();
        foreach (JsonProperty property in entry.EnumerateObject().Where(property => !known.Contains(property.Name)))
        {
            about.Append(about.Length > 0 ? ", " : string.Empty).Append(property.Name).Append(' ').Append(property.Value.ValueKind == JsonValueKind.String ? property.Value.GetString() : property.Value.GetRawText());
        }

        if (line.Refused is { } refused)
        {
            about.Append(about.Length > 0 ? "; " : string.Empty).Append("refused: ").Append(refused);
        }

        return [Number(line.From), time, entry.GetProperty("kind").GetString()!, who, line.Revision is { } revision ? Number(revision) : string.Empty, about.ToString()];
    }

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Range(AuditGap gap) => gap.From == gap.Through ? Number(gap.From) : $"{Number(gap.From)} to {Number(gap.Through)}";

    private static int Try(ParseResult parsed, Func<Output, int> action)
    {
        try
        {
            return action(new Output(parsed.InvocationConfiguration.Output, OutputOption.Of(parsed)));
        }
        catch (AuditDamagedException exception)
        {
            parsed.InvocationConfiguration.Error.WriteLine($"veche: {exception.Message}");
            return ExitCode.Refused;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            parsed.InvocationConfiguration.Error.WriteLine($"veche: {exception.Message}");
            return BadInput;
        }
    }

    /// <summary>A verdict, as JSON.</summary>
    internal sealed record VerifiedShape(bool IsWhole, string Cluster, IReadOnlyList<AuditedTrail> Trails, IReadOnlyList<AuditGap> Missing, IReadOnlyList<string> Findings);

    /// <summary>A line, as JSON.</summary>
    internal sealed record ShownShape(JsonElement Entry, bool? IsGap, long? Revision, string? Refused, DateTimeOffset Time);
}
