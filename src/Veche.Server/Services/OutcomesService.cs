using Grpc.Core;
using Veche.Api.Commands;
using Veche.Api.V1;
using Veche.Hosting;
using Veche.Server.Auth;
using Veche.Server.Semantics;
using Veche.Store;

namespace Veche.Server.Services;

/// <summary>What became of requests that were not answered.</summary>
internal sealed class OutcomesService(MemberContext member) : Outcomes.OutcomesBase
{
    public override async Task<AskOutcomeResponse> Ask(AskOutcomeRequest request, ServerCallContext context)
    {
        OutcomeToken token;
        try
        {
            token = OutcomeToken.Parse(request.Token);
        }
        catch (FormatException exception)
        {
            throw Errors.BadRequest(exception.Message);
        }

        if (token.Session == 0 && request.Settle)
        {
            throw Errors.BadRequest("only a request in a session can be settled; this one had none");
        }

        AskOutcomeResponse response = token.Session == 0 ? await SearchAsync(token.Command, context).ConfigureAwait(false)
            : request.Settle ? await SettleAsync(token, context).ConfigureAwait(false)
            : await LookAsync(token, context).ConfigureAwait(false);
        member.Complete(response.Header);
        return response;
    }

    private async Task<AskOutcomeResponse> SettleAsync(OutcomeToken token, ServerCallContext context)
    {
        var settle = new SessionCommand { Settle = new SessionCommand.Types.Settle { Id = token.Session, Sequence = token.Sequence } };
        return await member.ProposeAsync<AskOutcomeResponse>(new Command { Session = settle }, context).ConfigureAwait(false);
    }

    private async Task<AskOutcomeResponse> LookAsync(OutcomeToken token, ServerCallContext context)
    {
        await member.ConfirmReadAsync(context.CancellationToken).ConfigureAwait(false);
        try
        {
            return member.Store.FindOutcome(token.Session, token.Sequence, context.Caller())
                ?? Unknown("it has not happened yet, and may still; ask with settle to see to it that it never does, or repeat it under the same number");
        }
        catch (StoreException exception)
        {
            throw Errors.Of(exception.Error);
        }
    }

    private async Task<AskOutcomeResponse> SearchAsync(CommandIdentity command, ServerCallContext context)
    {
        if (member.Host is not ReplicaHost host)
        {
            return Unknown("this member cannot search its log");
        }

        CommandSearch found;
        try
        {
            found = await host.FindCommandAsync(command, context.CancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is RefusedException or OutcomeUnknownException)
        {
            throw Errors.Of(exception);
        }

        if (found.Index > 0)
        {
            AskOutcomeResponse happened = Unknown(string.Empty);
            happened.Outcome = AskOutcomeResponse.Types.Outcome.Happened;
            happened.Index = found.Index;
            happened.Reason = "it is committed; what it answered is not kept for requests without a session";
            return happened;
        }

        return Unknown(found.SearchedFrom > command.AfterIndex + 1
            ? $"the log of this member begins at {found.SearchedFrom} by now, and the request may be in what it no longer has (from {command.AfterIndex + 1}); ask another member"
            : $"it is not among the entries up to {found.SearchedThrough}, and may still be on its way; only requests in a session can be settled");
    }

    private AskOutcomeResponse Unknown(string reason) => new() { Header = member.NewHeader(), Reason = reason };
}
