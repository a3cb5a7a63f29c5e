using System.Buffers.Binary;
using Veche.Api;
using Veche.Api.Commands;
using Veche.Store.Auth;
using Veche.Store.Engine;
using Veche.Store.Mvcc;

namespace Veche.Store;

/// <summary>Alarms: raised and cleared through the log, and from then on every member refuses the same commands at the same place in it.</summary>
public sealed partial class KeyValueStore
{
    private readonly SortedSet<(AlarmType Kind, ulong Member)> _raised = [];
    private volatile IReadOnlyList<AlarmMember> _alarms = [];

    /// <summary>The alarms that are on, in order of kind and member.</summary>
    public IReadOnlyList<AlarmMember> Alarms => _alarms;

    /// <summary>True when an alarm of a kind is on, whoever raised it.</summary>
    public bool HasAlarm(AlarmType kind) => _alarms.Any(alarm => alarm.Alarm == kind);

    /// <summary>Raises or clears an alarm; answers with it when there was something to do, or when it was on already.</summary>
    private AlarmResponse Do(AlarmRequest request, long revision)
    {
        var response = new AlarmResponse { Header = new ResponseHeader { Revision = revision } };
        if (request.Alarm is not (AlarmType.Nospace or AlarmType.Corrupt))
        {
            return response;
        }

        (AlarmType, ulong) alarm = (request.Alarm, request.MemberID);
        byte[] key = AlarmKey(request.Alarm, request.MemberID);
        switch (request.Action)
        {
            case AlarmRequest.Types.AlarmAction.Activate:
                _raised.Add(alarm);
                _engine.Batch.Put(key, default);
                break;
            case AlarmRequest.Types.AlarmAction.Deactivate when _raised.Remove(alarm):
                _engine.Batch.Delete(key);
                break;
            default:
                return response;
        }

        PublishAlarms();
        response.Alarms.Add(new AlarmMember { MemberID = request.MemberID, Alarm = request.Alarm });
        return response;
    }

    /// <summary>With the alarm for space only what makes room is done; with the one for corruption nothing is changed any more.</summary>
    /// <summary>
    /// Why a command would be refused by the state as it is now, whatever keys there are: for those who answer before it is applied. Null when it would not.
    /// The state may have changed until it is applied, and then it is refused although it was answered.
    /// </summary>
    public StoreError? WouldRefuse(Command command) => RequestPermissions.Check(Auth, command, static _ => []) ?? RefusedByAlarm(command);

    private StoreError? RefusedByAlarm(Command command)
    {
        if (_raised.Count == 0)
        {
            return null;
        }

        if (HasAlarm(AlarmType.Corrupt))
        {
            switch (command.BodyCase)
            {
                case Command.BodyOneofCase.Put:
                case Command.BodyOneofCase.DeleteRange:
                case Command.BodyOneofCase.Txn:
                case Command.BodyOneofCase.Compact:
                case Command.BodyOneofCase.LeaseGrant:
                case Command.BodyOneofCase.LeaseRevoke:
                    return StoreErrors.Corrupt;
            }
        }

        return HasAlarm(AlarmType.Nospace) && RequestCost.Of(command) > 0 ? StoreErrors.NoSpace : null;
    }

    private void LoadAlarms()
    {
        _raised.Clear();
        using IEngineView view = _engine.OpenView();
        using IEngineIterator iterator = view.OpenIterator();
        for (iterator.Seek([KeyLayout.Alarm]); iterator.IsValid && iterator.Key[0] == KeyLayout.Alarm; iterator.Next())
        {
            _raised.Add(((AlarmType)BinaryPrimitives.ReadInt32BigEndian(iterator.Key[1..]), BinaryPrimitives.ReadUInt64BigEndian(iterator.Key[5..])));
        }

        PublishAlarms();
    }

    private void PublishAlarms() => _alarms = [.. _raised.Select(static alarm => new AlarmMember { Alarm = alarm.Kind, MemberID = alarm.Member })];

    internal static byte[] AlarmKey(AlarmType kind, ulong member)
    {
        byte[] key = new byte[1 + 4 + 8];
        key[0] = KeyLayout.Alarm;
        BinaryPrimitives.WriteInt32BigEndian(key.AsSpan(1), (int)kind);
        BinaryPrimitives.WriteUInt64BigEndian(key.AsSpan(5), member);
        return key;
    }
}
