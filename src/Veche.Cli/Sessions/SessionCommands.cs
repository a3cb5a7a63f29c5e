using System.CommandLine;
using Veche.Api.V1;
using Veche.Cli.Client;

namespace Veche.Cli.Sessions;

/// <summary><c>veche session</c> and <c>veche outcome</c>.</summary>
internal static class SessionCommands
{
    public static Command CreateSession() => new("session", "Sessions: a request that is repeated under its number is done once.") { CreateOpen(), CreateClose() };

    public static Command CreateOutcome()
    {
        var token = new Argument<string>("TOKEN") { Description = "What a write that was not answered showed." };
        var settle = new Option<bool>("--settle") { Description = "When it has not happened yet, see to it that it never will. Only for writes in a session." };
        return new Command("outcome", "Whether a write that was not answered happened.") { token, settle }.Does(async (context, cancellationToken) =>
        {
            var request = new AskOutcomeRequest { Token = context.Parsed.GetRequiredValue(token), Settle = context.Parsed.GetValue(settle) };

            // To settle twice is to settle once, so it may be asked again elsewhere.
            AskOutcomeResponse response = await context.Connection.ReadAsync((member, options) => new Outcomes.OutcomesClient(member).AskAsync(request, options), Need.Root, cancellationToken).ConfigureAwait(false);
            string what = response.Outcome switch
            {
                AskOutcomeResponse.Types.Outcome.Happened => "happened",
                AskOutcomeResponse.Types.Outcome.Never => "never",
                AskOutcomeResponse.Types.Outcome.Refused => "refused",
                _ => "unknown",
            };
            if (context.Output.Format == OutputFormat.Json)
            {
                context.Output.WriteJson(new OutcomeShape(what, response.Index > 0 ? response.Index : null, response.Revision > 0 ? response.Revision : null, response.Reason.Length > 0 ? response.Reason : null), OutputJson.Lines.OutcomeShape);
            }
            else
            {
                string where = (response.Index > 0 ? $" at index {Texts.Number(response.Index)}" : string.Empty) + (response.Revision > 0 ? $", revision {Texts.Number(response.Revision)}" : string.Empty);
                context.Output.WriteLine(what + where + (response.Reason.Length > 0 ? $": {response.Reason}" : string.Empty));
            }

            return response.Outcome == AskOutcomeResponse.Types.Outcome.Unknown ? ExitCode.OutcomeUnknown : ExitCode.Done;
        });
    }

    private static Command CreateOpen() => new Command("open", "Open a session, and show its id.").Does(async (context, cancellationToken) =>
    {
        OpenSessionResponse response = await context.Connection.WriteAsync((member, options) => new Api.V1.Sessions.SessionsClient(member).OpenAsync(new OpenSessionRequest(), options), Need.Root, cancellationToken).ConfigureAwait(false);
        if (context.Output.Format == OutputFormat.Json)
        {
            context.Output.WriteJson(new SessionShape(response.Session, response.Window), OutputJson.Lines.SessionShape);
        }
        else
        {
            context.Output.WriteLine(response.Session);
        }
    });

    private static Command CreateClose()
    {
        var id = new Argument<string>("ID") { Description = "The session's id." };
        return new Command("close", "Close a session; what it remembers is forgotten.") { id }.Does(async (context, cancellationToken) =>
        {
            var request = new CloseSessionRequest { Session = context.Parsed.GetRequiredValue(id) };
            await context.Connection.WriteAsync((member, options) => new Api.V1.Sessions.SessionsClient(member).CloseAsync(request, options), Need.Root, cancellationToken).ConfigureAwait(false);
            context.Output.WriteLine("OK");
        });
    }

    internal sealed record SessionShape(string Session, int Window);

    internal sealed record OutcomeShape(string Outcome, long? Index, long? Revision, string? Reason);
}
