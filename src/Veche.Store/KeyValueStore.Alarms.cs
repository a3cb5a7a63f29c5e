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
    /// <summary>With whether it says only that the member's own state is being replaced.</summary>
    private readonly SortedDictionary<(AlarmType Kind, ulong Member), bool> _raised = [];
    private volatile bool _isCorrupt;
    private volatile IReadOnlySet<ulong> _quarantined = new HashSet<ulong>();
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
                _raised[alarm] = false;
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

    /// <summary>
    /// Why a command would be refused by the state as it is now, whatever keys there are: for those who answer before it is applied. Null when it would not.
    /// The state may have changed until it is applied, and then it is refused although it was answered.
    /// </summary>
    public StoreError? WouldRefuse(Command command) => RequestPermissions.Check(Auth, command, static _ => []) ?? RefusedByAlarm(command);

    /// <summary>With the alarm for space only what makes room is done; with the one for corruption nothing is changed any more, unless it is known whose state it is.</summary>
    private StoreError? RefusedByAlarm(Command command)
    {
        if (_raised.Count == 0)
        {
            return null;
        }

        if (_isCorrupt)
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
            _raised[((AlarmType)BinaryPrimitives.ReadInt32BigEndian(iterator.Key[1..]), BinaryPrimitives.ReadUInt64BigEndian(iterator.Key[5..]))] = !iterator.Value.IsEmpty;
        }

        PublishAlarms();
    }

    private void PublishAlarms()
    {
        _isCorrupt = _raised.Any(static alarm => alarm.Key.Kind == AlarmType.Corrupt && !alarm.Value);
        _quarantined = _raised.Where(static alarm => alarm.Value).Select(static alarm => alarm.Key.Member).ToHashSet();
        _alarms = [.. _raised.Keys.Select(static alarm => new AlarmMember { Alarm = alarm.Kind, MemberID = alarm.Member })];
    }

    internal static byte[] AlarmKey(AlarmType kind, ulong member)
    {
        byte[] key = new byte[1 + 4 + 8];
        key[0] = KeyLayout.Alarm;
        BinaryPrimitives.WriteInt32BigEndian(key.AsSpan(1), (int)kind);
        BinaryPrimitives.WriteUInt64BigEndian(key.AsSpan(5), member);
        return key;
    }
}
