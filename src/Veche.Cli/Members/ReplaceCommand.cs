using System.CommandLine;
using Veche.Cli.Client;

namespace Veche.Cli.Members;

/// <summary><c>veche member replace</c>.</summary>
internal static class ReplaceCommand
{
    public static Command Create()
    {
        var old = new Argument<string>("OLD") { Description = "Who goes: its id, or its name." };
        var name = new Option<string>("--name") { Description = "Name of the one that comes.", Required = true };
        var urls = new Option<string>("--peer-urls") { Description = "Where the others will reach it, separated by commas.", Required = true };
        var wait = new Option<string>("--wait") { Description = "How long to wait at most, for it to be started and to catch up.", DefaultValueFactory = static _ => "10m" };
        var removed = new Option<bool>("--removed") { Description = "An earlier run has removed OLD already." };
        var command = new Command("replace", "Put a new member in the place of another, safely: checks health, adds a learner, waits until it has caught up, gives it the vote, removes the old one. When interrupted it says where it stands; run again it goes on.") { old, name, urls, wait, removed };
        return command.Does(async (context, cancellationToken) =>
        {
            if (!Timeouts.TryParse(context.Parsed.GetValue(wait)!, out TimeSpan patience))
            {
                throw new CommandFailedException(ExitCode.Usage, $"--wait '{context.Parsed.GetValue(wait)}' is no span of time; it should look like 10m");
            }

            string[] newUrls = context.Parsed.GetRequiredValue(urls).Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
            var plan = new ReplacePlan(context.Parsed.GetRequiredValue(old), context.Parsed.GetRequiredValue(name), [.. newUrls.Select(static url => url.TrimEnd('/'))], context.Parsed.GetValue(removed));
            using var run = new ReplaceRun(context, plan, patience);
            await run.RunAsync(cancellationToken).ConfigureAwait(false);
        });
    }
}
