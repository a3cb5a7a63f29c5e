using Veche.Api.Commands;
using Veche.Store.Sessions;

namespace Veche.Simulation.Verdicts;

/// <summary>Sessions in their simplest form: what was done under a number is remembered for ever, and never done again.</summary>
internal sealed partial class ReferenceModel
{
    private readonly Dictionary<long, Dictionary<long, Expected>> _sessions = [];

    private Expected DoOnce(Command command, long term)
    {
        if (command.SessionId == 0)
        {
            return Do(command, term);
        }

        if (!_sessions.TryGetValue(command.SessionId, out Dictionary<long, Expected>? done))
        {
            return Refuse(SessionErrors.Unknown.Message);
        }

        if (!done.TryGetValue(command.SessionSequence, out Expected first))
        {
            first = Do(command, term);
            done.Add(command.SessionSequence, first);
        }

        return first;
    }

    private Expected Open(long session) => _sessions.TryAdd(session, []) ? Done(true) : Refuse(SessionErrors.Exists.Message);
}
