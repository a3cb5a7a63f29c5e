using Veche.Api;
using Veche.Api.Commands;

namespace Veche.Simulation.Verdicts;

/// <summary>Alarms: with one for space nothing is done that adds data, with one for corruption nothing that changes any.</summary>
internal sealed partial class ReferenceModel
{
    private readonly SortedSet<(ulong Member, AlarmType Kind)> _alarms = [];

    /// <summary>Those that are raised now.</summary>
    public IReadOnlyCollection<(ulong Member, AlarmType Kind)> Alarms => _alarms;

    private Expected Raise(AlarmRequest request)
    {
        if (request.Alarm == AlarmType.Corrupt)
        {
            // Raised by hand, or lifted: it says more than before, or nothing.
            _replacing.Remove(request.MemberID);
        }

        if (request.Action == AlarmRequest.Types.AlarmAction.Activate)
        {
            _alarms.Add((request.MemberID, request.Alarm));
        }
        else
        {
            _alarms.Remove((request.MemberID, request.Alarm));
        }

        return Done(true);
    }

    private string? RefusedByAlarm(Command command)
    {
        if (_alarms.Count == 0)
        {
            return null;
        }

        bool changes = command.BodyCase is Command.BodyOneofCase.Put or Command.BodyOneofCase.DeleteRange or Command.BodyOneofCase.Txn or Command.BodyOneofCase.Compact or Command.BodyOneofCase.LeaseGrant or Command.BodyOneofCase.LeaseRevoke;
        bool adds = command.BodyCase is Command.BodyOneofCase.Put or Command.BodyOneofCase.LeaseGrant || (command.BodyCase == Command.BodyOneofCase.Txn && Puts(command.Txn));
        return changes && _alarms.Any(alarm => alarm.Kind == AlarmType.Corrupt && !_replacing.Contains(alarm.Member)) ? "etcdserver: corrupt cluster"
            : adds && _alarms.Any(static alarm => alarm.Kind == AlarmType.Nospace) ? "etcdserver: mvcc: database space exceeded"
            : null;
    }

    private static bool Puts(TxnRequest request) => request.Success.Concat(request.Failure).Any(static operation =>
        operation.RequestPut is not null || (operation.RequestTxn is { } nested && Puts(nested)));
}
