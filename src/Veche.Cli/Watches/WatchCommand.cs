using System.CommandLine;
using Veche.Api;
using Veche.Cli.Client;
using Veche.Cli.Keys;

namespace Veche.Cli.Watches;

/// <summary><c>veche watch</c>.</summary>
internal static class WatchCommand
{
    public static Command Create()
    {
        var command = new Command("watch", "Show changes of keys as they happen, until Ctrl-C. Goes on with another member where one fails, without a gap and without telling twice.");
        var range = new KeyRangeArguments(command);
        var revision = new Option<long>("--rev") { Description = "Begin with this revision; 0 for what comes now." };
        var previous = new Option<bool>("--prev-kv") { Description = "Also show what was there before." };
        command.Options.Add(revision);
        command.Options.Add(previous);
        return command.Does(async (context, cancellationToken) =>
        {
            KeyRange keys = range.Read(context.Parsed);
            var request = new WatchCreateRequest { Key = keys.Key, RangeEnd = keys.End, StartRevision = context.Parsed.GetValue(revision), PrevKv = context.Parsed.GetValue(previous), ProgressNotify = true };
            var follower = new WatchFollower(context.Connection, request, context.Error.WriteLine);
            try
            {
                await foreach (Event change in follower.FollowAsync(cancellationToken).ConfigureAwait(false))
                {
                    Show(context.Output, change);
                }
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                // That is how a watch ends.
            }
        });
    }

    private static void Show(Output output, Event change)
    {
        if (output.Format == OutputFormat.Json)
        {
            output.WriteJson(EventShape.Of(change), OutputJson.Lines.EventShape);
            return;
        }

        if (output.Format == OutputFormat.Table)
        {
            // A table cannot grow at its end; a line can.
            string before = change.PrevKv is { } kv ? $"   (before: {Texts.Printable(kv.Value)})" : string.Empty;
            output.WriteLine($"{Texts.Number(change.Kv.ModRevision),8}  {(change.Type == Event.Types.EventType.Put ? $"put  {Texts.Printable(change.Kv.Key)} = {Texts.Printable(change.Kv.Value)}" : $"del  {Texts.Printable(change.Kv.Key)}")}{before}");
            return;
        }

        output.WriteLine(change.Type == Event.Types.EventType.Put ? "PUT" : "DELETE");
        if (change.PrevKv is { } previous)
        {
            KeyOutput.Plain(output, previous);
        }

        KeyOutput.Plain(output, change.Kv);
    }
}
