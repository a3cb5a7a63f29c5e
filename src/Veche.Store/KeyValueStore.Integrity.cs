using Veche.Api;
using Veche.Api.Commands;
using Veche.Raft;
using Veche.Replica;
using Veche.Store.Engine;
using Veche.Store.Integrity;
using Veche.Store.Mvcc;

namespace Veche.Store;

/// <summary>Whether the state is what it should be: hashed where a check stands in the log, compared elsewhere, and no longer shown when it is not.</summary>
public sealed partial class KeyValueStore
{
    /// <summary>The value of an alarm that says only that one member's state is being replaced: the others go on.</summary>
    private static readonly byte[] QuarantineMark = [1];

    private readonly AppliedHash _appliedHash = new();
    private long _appliedHashSince;

    /// <summary>Gets the state at a check, on the thread that applies, and disposes it. Set before the store is used; default null: nothing is hashed.</summary>
    public Action<StateCheck>? StateChecked { get; set; }

    /// <summary>Told what comes by in the log about a check, on the thread that applies: the check itself with its index, a report, or a quarantine that has begun or ended. Set before the store is used.</summary>
    public Action<StateHash, long>? StateHashed { get; set; }

    /// <summary>Told, on the thread that applies, that another state has taken the place of this one. Set before the store is used.</summary>
    public Action? StateReplaced { get; set; }

    /// <summary>Told, from any thread and perhaps more than once, when what is kept turns out to be damaged. Set before the store is used.</summary>
    public Action<string>? Damaged { get; set; }

    /// <summary>True when members differ and nobody knows who is right, or somebody has raised that alarm by hand: nothing is changed then.</summary>
    public bool IsCorrupt => _isCorrupt;

    /// <summary>True when the alarm says that a member's own state is being replaced.</summary>
    /// <param name="member">Which.</param>
    public bool IsQuarantined(ulong member) => _quarantined.Contains(member);

    /// <summary>The store was put aside and begins empty: what it should hold is another member's to give.</summary>
    public bool AwaitsState => _home.AwaitsState;

    /// <summary>The state in use is damaged: when the store is opened again before another has taken its place, it refuses with a <see cref="StateDamagedException"/>.</summary>
    /// <exception cref="IOException">That could not be written down.</exception>
    public void MarkDamaged() => _home.MarkDamaged();

    /// <summary>Puts a damaged state aside, so that the store can be opened and begins empty.</summary>
    /// <returns>Where it is now.</returns>
    /// <exception cref="IOException">It cannot be moved.</exception>
    public static string PutAside(StoreOptions options) => new StoreHome(options.DataDirectory).PutAside();

    private object Do(MvccWriter writer, StateHash request, Committed entry, LogPosition? before)
    {
        switch (request.BodyCase)
        {
            case StateHash.BodyOneofCase.Check:
                Check(writer, request, entry.Position, before);
                break;
            case StateHash.BodyOneofCase.Report:
                StateHashed?.Invoke(request, entry.Position.Index);
                break;
            case StateHash.BodyOneofCase.Quarantine:
                Quarantine(request.Quarantine);
                StateHashed?.Invoke(request, entry.Position.Index);
                break;
        }

        return request;
    }

    private void Check(MvccWriter writer, StateHash request, LogPosition at, LogPosition? before)
    {
        if (before is { } position)
        {
            // The state at exactly this place is in the engine only once the batch before it is.
            CommitBatch(writer, position);
            writer.Begin(_meta.Revision, _meta.CompactRevision, _meta.DataBytes, _meta.Keys);
            _engine.Batch.Hash = _appliedHash;
        }

        StateHashed?.Invoke(request, at.Index);
        if (StateChecked is { } checkedBy)
        {
            IEngineView view;
            lock (_stateLock)
            {
                view = _engine.OpenView().ForLongWalk();
            }

            checkedBy(new StateCheck(view, at.Index, writer.CompactRevision, request.Check, _appliedHashSince == 0 ? 0 : _appliedHash.Value, _appliedHashSince));
        }

        // Counted anew from here, so a member that did not know everything before this check knows everything before the next.
        _appliedHash.Value = 0;
        _appliedHashSince = at.Index;
    }

    private void Quarantine(StateHash.Types.Quarantine request)
    {
        (AlarmType, ulong) alarm = (AlarmType.Corrupt, request.Member);
        byte[] key = AlarmKey(AlarmType.Corrupt, request.Member);
        if (!request.Lifted && !_raised.ContainsKey(alarm))
        {
            bool isOne = request.Member != 0;
            _raised[alarm] = isOne;
            _engine.Batch.Put(key, isOne ? QuarantineMark : default);
        }
        else if (request.Lifted && _raised.TryGetValue(alarm, out bool isQuarantine) && isQuarantine)
        {
            _raised.Remove(alarm);
            _engine.Batch.Delete(key);
        }

        PublishAlarms();
    }

    private void Watch(IKeyValueEngine engine) => engine.Damaged = reason =>
    {
        // Readers may still hold views of an engine that has been replaced.
        if (ReferenceEquals(engine, _engine))
        {
            Damaged?.Invoke(reason);
        }
    };
}
