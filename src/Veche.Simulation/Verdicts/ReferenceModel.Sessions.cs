using Veche.Api.Commands;
using Veche.Store.Sessions;

namespace Veche.Simulation.Verdicts;

/// <summary>Sessions in their simplest form: what was done under a number is remembered for ever, and never done again.</summary>
internal sealed partial class ReferenceModel
{
    private readonly Dictionary<long, (string Owner, Dictionary<long, Expected> Done)> _sessions = [];

    private Expected DoOnce(Command command, long term)
    {
        if (WhyNot(command) is { } why)
        {
            return Refuse(why) with { LeavesNumberFree = true };
        }

        if (command.SessionId == 0)
        {
            return Do(command, term);
        }

        if (!_sessions.TryGetValue(command.SessionId, out (string Owner, Dictionary<long, Expected> Done) session))
        {
            return Refuse(SessionErrors.Unknown.Message) with { LeavesNumberFree = true };
        }

        if (Auth.IsOn && session.Owner != (command.Caller?.User ?? string.Empty))
        {
            return Refuse(SessionErrors.NotYours.Message) with { LeavesNumberFree = true };
        }

        if (!session.Done.TryGetValue(command.SessionSequence, out Expected first))
        {
            first = Do(command, term);
            session.Done.Add(command.SessionSequence, first);
        }

        return first;
    }

    /// <summary>It belongs to who opens it; while authentication is off, to nobody, whoever that says to be.</summary>
    private Expected Open(long session, Caller? caller) =>
        _sessions.TryAdd(session, (Auth.IsOn ? caller?.User ?? string.Empty : string.Empty, [])) ? Done(true) : Refuse(SessionErrors.Exists.Message);
}
