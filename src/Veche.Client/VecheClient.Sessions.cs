using Veche.Api.V1;
using Veche.Client.Transport;

namespace Veche.Client;

/// <summary>What became of a write that was not answered.</summary>
public enum WriteOutcome
{
    /// <summary>Not known, or not yet.</summary>
    Unknown,

    /// <summary>It was done.</summary>
    Happened,

    /// <summary>It was not done, and never will be.</summary>
    Never,

    /// <summary>It came to its turn and was refused; nothing was changed.</summary>
    Refused,
}

/// <summary>Sessions, and questions about outcomes. Not there in etcd, which refuses them as unimplemented.</summary>
public sealed partial class VecheClient
{
    /// <summary>Opens a session in which writes may be repeated.</summary>
    public async Task<ClientSession> OpenSessionAsync(CancellationToken cancellationToken = default)
    {
        // Opened twice, when no answer came, the first is left behind and evicted in time.
        (OpenSessionResponse opened, _) = await _cluster.CallAsync(Attempts.Of(static (member, call) => new Sessions.SessionsClient(member).OpenAsync(new OpenSessionRequest(), call)), Repetition.Harmless, isWrite: true, [], Options.Timeout, cancellationToken).ConfigureAwait(false);
        return new ClientSession(this, opened.Session, Math.Max(1, opened.Window));
    }

    /// <summary>Asks what became of a write.</summary>
    /// <param name="outcomeToken">Of <see cref="VecheOutcomeUnknownException.OutcomeToken"/>.</param>
    /// <param name="settle">For a write in a session: when it has not happened yet, see to it that it never will.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<WriteOutcome> AskOutcomeAsync(string outcomeToken, bool settle = false, CancellationToken cancellationToken = default)
    {
        var request = new AskOutcomeRequest { Token = outcomeToken, Settle = settle };
        (AskOutcomeResponse answer, _) = await _cluster.CallAsync(Attempts.Of((member, call) => new Outcomes.OutcomesClient(member).AskAsync(request, call)), Repetition.Harmless, isWrite: false, [], Options.Timeout, cancellationToken).ConfigureAwait(false);
        return answer.Outcome switch
        {
            AskOutcomeResponse.Types.Outcome.Happened => WriteOutcome.Happened,
            AskOutcomeResponse.Types.Outcome.Never => WriteOutcome.Never,
            AskOutcomeResponse.Types.Outcome.Refused => WriteOutcome.Refused,
            _ => WriteOutcome.Unknown,
        };
    }
}
