using Veche.Api;
using Veche.Api.Commands;
using Veche.Api.V1;
using Veche.Replica;
using Veche.Store.Auth;
using Veche.Store.Engine;
using Veche.Store.Mvcc;
using Veche.Store.Sessions;

namespace Veche.Store;

/// <summary>Client sessions: what is asked for twice is done once.</summary>
public sealed partial class KeyValueStore
{
    private readonly SessionTable _sessions = new();

    /// <summary>The outcome of a request, by this member's state; null when it is not known there (it may still happen).</summary>
    /// <param name="session">The session's id.</param>
    /// <param name="sequence">The request's number in it.</param>
    /// <param name="caller">Who asks. While authentication is on, only who opened the session may.</param>
    /// <exception cref="StoreException">The session is not known, or is somebody else's.</exception>
    public AskOutcomeResponse? FindOutcome(long session, long sequence, Caller? caller = null)
    {
        using OpenState state = OpenReading();
        Refuse(CheckRecent(state.Auth, caller) ?? state.Auth.CheckKnown(caller));
        Session found = state.View.Get(KeyLayout.SessionKey(session)) is { } bytes ? Session.Decode(session, bytes) : throw new StoreException(SessionErrors.Unknown);
        Refuse(!state.Auth.IsEnabled || caller?.User == found.User ? null : SessionErrors.NotYours);
        Refuse(sequence <= 0 ? SessionErrors.BadSequence : sequence <= found.ForgottenThrough ? SessionErrors.TooOld : null);
        return state.View.Get(KeyLayout.OutcomeKey(session, sequence)) is { } outcome ? Tell(SessionOutcome.Decode(outcome), state.Revision) : null;
    }

    /// <summary>True for a command whose session is heeded: what clients ask of keys and leases.</summary>
    private static bool IsInSession(Command command) => command.SessionId != 0 && command.BodyCase is
        Command.BodyOneofCase.Put or Command.BodyOneofCase.DeleteRange or Command.BodyOneofCase.Txn
        or Command.BodyOneofCase.Compact or Command.BodyOneofCase.LeaseGrant or Command.BodyOneofCase.LeaseRevoke;

    /// <summary>Who asks, when that matters.</summary>
    private static string? UserOf(AuthView auth, Command command) => auth.IsEnabled ? command.Caller?.User ?? string.Empty : null;

    private object Do(SessionCommand request, string? user, in Committed entry, long revision)
    {
        EngineBatch batch = _engine.Batch;
        long index = entry.Position.Index;
        switch (request.BodyCase)
        {
            case SessionCommand.BodyOneofCase.Open:
                return _sessions.Open(request.Open.Id, user ?? string.Empty, index, batch)
                    ?? (object)new OpenSessionResponse { Header = new ResponseHeader { Revision = revision }, Window = SessionLimits.Window };
            case SessionCommand.BodyOneofCase.Close:
                return _sessions.Close(request.Close.Id, user, batch)
                    ?? (object)new CloseSessionResponse { Header = new ResponseHeader { Revision = revision } };
            case SessionCommand.BodyOneofCase.Settle:
                object settled = _sessions.Settle(request.Settle.Id, request.Settle.Sequence, user, index, batch);
                return settled is SessionOutcome outcome ? Tell(outcome, revision) : settled;
            default:
                return StoreErrors.UnknownCommand;
        }
    }

    private static AskOutcomeResponse Tell(SessionOutcome outcome, long revision)
    {
        var response = new AskOutcomeResponse { Header = new ResponseHeader { Revision = revision } };
        switch (outcome.Kind)
        {
            case SessionOutcome.AnswerKind.GivenUp:
                response.Outcome = AskOutcomeResponse.Types.Outcome.Never;
                response.Reason = "it had not happened when its outcome was settled, and from then on never will";
                break;
            case SessionOutcome.AnswerKind.Error:
                response.Outcome = AskOutcomeResponse.Types.Outcome.Refused;
                response.Index = outcome.Index;
                response.Reason = ((StoreError)outcome.ToAnswer()).Message;
                break;
            default:
                response.Outcome = AskOutcomeResponse.Types.Outcome.Happened;
                response.Index = outcome.Index;
                response.Revision = outcome.Revision;
                break;
        }

        return response;
    }

    private void LoadSessions()
    {
        using IEngineView view = _engine.OpenView();
        _sessions.Load(view);
    }
}
