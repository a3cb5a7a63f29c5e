using System.CommandLine;
using Google.Protobuf;
using Veche.Api;
using Veche.Cli.Client;
using Veche.Server.Semantics;

namespace Veche.Cli.Rollbacks;

/// <summary><c>veche rollback</c>: what a failover has taken back, and how to write it again.</summary>
internal static class RollbackCommand
{
    public static Command Create() => new("rollback", "Look at writes that a failover has taken back, and write them again.")
    {
        CreateList(),
        CreateShow(),
        CreateReapply(),
    };

    private static Command CreateList()
    {
        var directory = new Option<string>("--data-dir") { Description = "The member's data directory.", DefaultValueFactory = static _ => "default.veche" };
        var command = new Command("list", "List a member's rollback files, the oldest first. The member may be running.") { directory, OutputOption.Format };
        command.SetAction(parsed => Try(parsed, output =>
        {
            string path = Path.Combine(parsed.GetRequiredValue(directory), "rollback");
            List<RollbackSummary> files = Directory.Exists(path) ? [.. Directory.EnumerateFiles(path, "*.jsonl").Order(StringComparer.Ordinal).Select(RollbackSummary.Of)] : [];
            if (output.Format == OutputFormat.Json)
            {
                files.ForEach(file => output.WriteJson(file, OutputJson.Lines.RollbackSummary));
            }
            else if (files.Count == 0)
            {
                output.WriteLine($"nothing has been rolled back in {path}");
            }
            else
            {
                output.WriteTable(["file", "time", "writes", "acknowledged", "unknown"], files.Select(static file => (string[])[file.File, file.Time, Texts.Number(file.Writes), Texts.Number(file.Acknowledged), Texts.Number(file.Unknown)]));
            }
        }));
        return command;
    }

    private static Command CreateShow()
    {
        var file = new Argument<string>("file") { Description = "A rollback file." };
        var command = new Command("show", "Show what a rollback file holds.") { file, OutputOption.Format };
        command.SetAction(parsed => Try(parsed, output =>
        {
            IReadOnlyList<RollbackRecord> records = RollbackRecord.ReadFile(parsed.GetRequiredValue(file));
            if (output.Format == OutputFormat.Json)
            {
                foreach (RollbackRecord record in records)
                {
                    output.WriteLine(record.ToLine());
                }

                return;
            }

            output.WriteTable(
                ["index", "term", "concern", "acknowledged", "lost", "what", "key", "value"],
                records.Select(static record => (string[])[
                    Texts.Number(record.Index), Texts.Number(record.Term), record.Concern, record.Acknowledged, record.Lost, record.Kind,
                    record.Key ?? Base64(record.KeyBase64), record.Value ?? Base64(record.ValueBase64)]));
        }));
        return command;
    }

    private static Command CreateReapply()
    {
        var file = new Argument<string>("file") { Description = "A rollback file." };
        var force = new Option<bool>("--force") { Description = "Write also where somebody has written since." };
        var all = new Option<bool>("--all") { Description = "Also those that had not been acknowledged. Default: only those that had, or may have been." };
        var dryRun = new Option<bool>("--dry-run") { Description = "Only say what would be done." };
        return new Command("reapply", "Write what a rollback file holds again, as new writes: for each key its last state, and only where nobody has written since.") { file, force, all, dryRun }.Does(async (context, cancellationToken) =>
        {
            IReadOnlyList<RollbackRecord> records;
            try
            {
                records = RollbackRecord.ReadFile(context.Parsed.GetRequiredValue(file));
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or InvalidDataException)
            {
                throw new CommandFailedException(ExitCode.Refused, exception.Message);
            }

            int skipped = 0;
            foreach (Reapplication step in Reapplication.Plan(records, context.Parsed.GetValue(all)))
            {
                string outcome = step.WhyNot ?? (context.Parsed.GetValue(dryRun) ? "would be written" : await WriteAsync(context.Connection, step, context.Parsed.GetValue(force), cancellationToken).ConfigureAwait(false));
                skipped += outcome is "written" or "would be written" ? 0 : 1;
                if (context.Output.Format == OutputFormat.Json)
                {
                    context.Output.WriteJson(new ReappliedShape(step.Shown, step.Record.Kind, outcome), OutputJson.Lines.ReappliedShape);
                }
                else
                {
                    context.Output.WriteLine($"{step.Record.Kind} {step.Shown}: {outcome}");
                }
            }

            return skipped == 0 ? ExitCode.Done : ExitCode.Refused;
        });
    }

    private static async Task<string> WriteAsync(Connection connection, Reapplication step, bool force, CancellationToken cancellationToken)
    {
        if (!force && step.ExpectedModRevision is null)
        {
            return "left alone: the file does not say what was there before; --force writes it all the same";
        }

        TxnRequest request = step.ToRequest(force);
        TxnResponse response = await connection.WriteAsync((member, options) => new KV.KVClient(member).TxnAsync(request, options), Need.Write(ByteString.CopyFrom(step.Record.KeyBytes), ByteString.Empty), cancellationToken).ConfigureAwait(false);
        return response.Succeeded ? "written" : "left alone: somebody has written it since; --force writes it all the same";
    }

    private static string Base64(byte[]? bytes) => bytes is null ? string.Empty : "base64:" + Convert.ToBase64String(bytes);

    private static int Try(ParseResult parsed, Action<Output> action)
    {
        try
        {
            action(new Output(parsed.InvocationConfiguration.Output, OutputOption.Of(parsed)));
            return ExitCode.Done;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            parsed.InvocationConfiguration.Error.WriteLine($"veche: {exception.Message}");
            return ExitCode.Refused;
        }
    }

    /// <summary>What became of one write, as JSON.</summary>
    internal sealed record ReappliedShape(string Key, string What, string Outcome);

    /// <summary>A line of the list.</summary>
    internal sealed record RollbackSummary(string File, string Time, int Writes, int Acknowledged, int Unknown)
    {
        public static RollbackSummary Of(string path)
        {
            IReadOnlyList<RollbackRecord> records = RollbackRecord.ReadFile(path);
            return new RollbackSummary(
                path,
                records.Count > 0 ? records[0].Time.ToString("u", System.Globalization.CultureInfo.InvariantCulture) : string.Empty,
                records.Count,
                records.Count(static record => record.Acknowledged == "yes"),
                records.Count(static record => record.Acknowledged == "unknown"));
        }
    }
}
