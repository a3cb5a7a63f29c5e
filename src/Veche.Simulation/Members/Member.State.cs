using Veche.Api;
using Veche.Log;
using Veche.Raft;
using Veche.Replica;
using Veche.Simulation.Clients;
using Veche.Simulation.Verdicts;
using Veche.Store;
using Veche.Store.Leases;
using Veche.Store.Watching;

namespace Veche.Simulation.Members;

/// <summary>The thread of the state machine: applies, saves, captures and restores.</summary>
internal sealed partial class Member : IEventSink
{
    private readonly ApplyBatch _batch = new();
    private readonly List<long> _batchSequences = [];
    private Configuration _appliedConfiguration = Configuration.Empty;
    private WatchHub? _hub;
    private Lessor? _lessor;
    private bool _savePending;

    /// <summary>The last term in which its count of leases was looked at.</summary>
    private long _countsInTerm;

    /// <summary>Leases that it has renewed since it began to lead.</summary>
    private readonly HashSet<long> _renewed = [];

    /// <summary>The snapshot that is to be installed next.</summary>
    private SnapshotPoint? _installing;
    private IStateImage? _pinned;
    private SnapshotPoint? _pinnedPoint;

    /// <summary>Up to here the state survives without the log.</summary>
    private long _savedThrough;

    /// <summary>Where watches are opened.</summary>
    public WatchHub Hub => _hub!;

    /// <inheritdoc/>
    public void Publish(long revision, IReadOnlyList<StoredEvent> events)
    {
        if (!IsStateWrong && _world.Model.Difference(revision, events) is { } wrong)
        {
            throw new ViolationException("a state machine did not do what was committed", $"{Id}: {wrong}");
        }

        _hub!.Publish(revision, events);
    }

    /// <inheritdoc/>
    public void Reset() => _hub!.Reset();

    public void OnApply(List<Entry> entries)
    {
        _batchSequences.Clear();
        foreach (Entry entry in entries)
        {
            long sequence = ApplyBatches.Add(_batch, entry, Id, _isAwaited);
            _batchSequences.Add(sequence);
            if (entry.Kind == EntryKind.Configuration && ConfigurationEntry.TryDecode(entry.Data, out Configuration? configuration, out _))
            {
                _appliedConfiguration = configuration;
            }
        }

        CheckApplied(entries);
        _world.Model.TakeThrough(entries[^1].Index);
        try
        {
            _store!.Apply(_batch);
            if (_store.NeedsTidying)
            {
                // A server does it when it is due by its clock; here a piece comes behind each batch.
                _store.Tidy();
            }
        }
        catch (StateDamagedException exception) when (IsStateWrong)
        {
            // What was to be applied is in the log, and is applied to the state that takes this one's place.
            _batch.Clear();
            Suspect(exception.Message, null);
            return;
        }

        SeeToFinding();
        CheckAuth(always: false);
        for (int i = 0; i < _batchSequences.Count; i++)
        {
            if (_batchSequences[i] != 0)
            {
                Complete(_batchSequences[i], entries[i].Index, _batch.ResultOf(i));
            }
        }

        CheckLeaseTimes();
        ServeThoseWithTokens();
        LogPosition last = _batch.Last;
        _batch.Clear();
        Turn(new ReplicaInput.Applied(last));
    }

    public void OnInstall(SnapshotPoint point)
    {
        _installing = null;
        bool isReseeded = _replica!.Trust == StateTrust.Reseeding && Durable.Holds(point.Position.Index, point.Position.Term);
        if (Durable.Base.Index < point.Position.Index && !isReseeded)
        {
            throw new ViolationException("a state is replaced before its log is durably reset", $"{Id} installs the snapshot at {point.Position}; its log begins durably at {Durable.Base}");
        }

        try
        {
            using (Stream image = _snapshots!.OpenRead(point.Position))
            {
                _store!.Restore(image, point.Position);
            }

            _snapshots.DeleteOlderThan(point.Position);
        }
        catch (Exception exception) when (exception is IOException or InvalidDataException)
        {
            Fail(exception.Message);
            return;
        }

        if (isReseeded)
        {
            _world.Count("states reseeded");
        }

        IsStateWrong = false;
        _savedThrough = point.Position.Index;
        _appliedConfiguration = point.Configuration;
        CheckState();
        ServeThoseWithTokens();
        _world.Count("snapshots installed");
        _world.Note(Number, $"installs the snapshot at {point.Position.Index}");
        Turn(new ReplicaInput.Installed(point));
    }

    /// <summary>The state is to be saved: pinned first, and written some time later, beside whatever is applied meanwhile.</summary>
    public void OnSave(bool isWritten)
    {
        if (!isWritten)
        {
            PinState();
            _world.After(this, EventKind.SaveDone, _random.Exponential(_random.Chance(0.2) ? 500_000_000 : 20_000_000), 1, null);
            return;
        }

        _savePending = false;
        long durable;
        try
        {
            durable = SaveState();
        }
        catch (IOException exception)
        {
            _world.Note(Number, $"cannot save its state: {exception.Message}");
            durable = 0;
        }

        _savedThrough = Math.Max(_savedThrough, durable);
        Turn(new ReplicaInput.StateSaved(durable));
    }

    public void OnCapture(SnapshotSend send)
    {
        Member? receiver = _world.Find(send.To);
        if (receiver is null || IsStateWrong)
        {
            // A wrong one that nobody has noticed yet would spread, until nobody could tell any more who is right: that is not asked of anybody.
            Turn(new ReplicaInput.SnapshotSent(send.To, Delivered: false, 0));
            return;
        }

        var content = new MemoryStream();
        LogPosition applied;
        using (IStateImage image = send.ForWitness ? _store!.CaptureForWitness() : _store!.Capture())
        {
            applied = image.Applied;
            image.WriteTo(content);
        }

        SnapshotPoint point = PointAt(applied);
        Turn(new ReplicaInput.SnapshotSending(send.To, applied.Index));
        _world.SendSnapshot(this, receiver, new SnapshotInTransit(this, Incarnation, send, point, content.ToArray()));
    }

    public void OnSnapshotArrives(SnapshotInTransit transit)
    {
        try
        {
            using SnapshotWriter writer = _snapshots!.Begin(transit.Point);
            writer.Content.Write(transit.Content);
            writer.Commit();
        }
        catch (IOException exception)
        {
            _world.Note(Number, $"cannot store a snapshot: {exception.Message}");
            return;
        }

        transit.Delivered = true;
        Turn(new ReplicaInput.SnapshotReceived(transit.Sender.Id, transit.Send.Term, transit.Point));
    }

    private void PinState()
    {
        if (!_store!.IsDurable)
        {
            _pinned = _store.Capture();
            _pinnedPoint = PointAt(_pinned.Applied);
        }
    }

    private long SaveState()
    {
        if (_store!.IsDurable)
        {
            long flushed = _store.Applied.Index;
            _store.Flush();
            _world.Count("states flushed");
            return _store.DurableIndex <= flushed && _home!.IsFlushed ? _store.DurableIndex : throw new ViolationException("a state is called durable that is not", $"{Id} says {_store.DurableIndex}; {flushed} is applied{(_home!.IsFlushed ? string.Empty : " and not flushed")}");
        }

        if (_pinned is null)
        {
            PinState();
        }

        using (IStateImage image = _pinned!)
        using (SnapshotWriter writer = _snapshots!.Begin(_pinnedPoint!))
        {
            _pinned = null;
            image.WriteTo(writer.Content);
            writer.Commit();
        }

        _snapshots.DeleteOlderThan(_pinnedPoint!.Position);
        _world.Count("snapshots saved");
        return _pinnedPoint.Position.Index;
    }

    private SnapshotPoint PointAt(LogPosition applied) => _world.Judge.Canon.IsInForce(_appliedConfiguration, applied.Index)
        ? new SnapshotPoint(applied, _appliedConfiguration)
        : throw new ViolationException("a snapshot has another configuration than was committed", $"{Id} saves {applied} with {_appliedConfiguration}; it should be {_world.Judge.Canon.ConfigurationAt(applied.Index)}");

    /// <summary>A state that comes from a disk, a snapshot or the network is what the committed commands make, now and as far back as can be asked for.</summary>
    public void CheckState()
    {
        if (IsWitness)
        {
            CheckThatThereIsNone();
            return;
        }

        if (IsStateWrong)
        {
            return;
        }

        ReferenceModel model = _world.Model;
        model.TakeThrough(_world.Judge.Canon.CommittedIndex);
        long now = _store!.CurrentRevision;
        long oldest = Math.Max(1, _store.CompactRevision);
        for (int look = 0; look < 3; look++)
        {
            var everything = new RangeRequest { Key = KeyNames.Bytes(0), RangeEnd = KeyNames.End, Revision = look == 0 ? 0 : _random.Between(oldest, now) };
            RangeResponse found = _store.Range(everything, Cluster);
            RangeResponse expected = model.Range(everything, now);
            if (!found.Equals(expected))
            {
                throw new ViolationException("a member's state is not what was committed", $"{Id} at {_store.Applied}, revision {everything.Revision}: has {found}; should have {expected}");
            }

            if (look == 0 && _store.Keys != found.Count)
            {
                throw new ViolationException("a member's state is not what was committed", $"{Id} has {found.Count} keys and counts {_store.Keys}");
            }
        }

        if (_store.Applied.Index == model.Index && !_store.Alarms.Select(static alarm => (alarm.MemberID, alarm.Alarm)).Order().SequenceEqual(model.Alarms))
        {
            throw new ViolationException("a member's state is not what was committed", $"{Id} has alarms {string.Join(' ', _store.Alarms)}; should have {string.Join(' ', model.Alarms)}");
        }

        if (_store.Applied.Index == model.Index && !_store.Leases().SequenceEqual(model.Leases))
        {
            throw new ViolationException("a member's state is not what was committed", $"{Id} has leases {string.Join(' ', _store.Leases())}; should have {string.Join(' ', model.Leases)}");
        }

        CheckAuth(always: true);
    }

    /// <summary>A leader that begins to count gives no lease more than what is recorded of it, and an election timeout; unless its holder has been there before anybody could look.</summary>
    private void CheckLeaseTimes()
    {
        if (!_leads || !IsBelieved || _countsInTerm == Core.Term || _world.Model.Index != _store!.Applied.Index)
        {
            return;
        }

        foreach (LeaseRecord lease in _world.Model.Leases)
        {
            if (_lessor!.RemainingSeconds(lease.Id, LocalNow) is not { } left)
            {
                return;
            }

            if (!_renewed.Contains(lease.Id) && left > lease.RemainingSeconds + ((_plan.ElectionTimeoutMs + 999) / 1000))
            {
                throw new ViolationException("a new leader gives a lease time back", $"{Id}: {lease} has {left} s left");
            }
        }

        _countsInTerm = Core.Term;
    }

    private void CheckThatThereIsNone()
    {
        if (_store!.Keys > 0 || _store.CurrentRevision != KeyValueStore.FirstRevision || _store.Leases().Any() || _store.Auth.Users.Count > 0 || _store.Auth.Roles.Count > 0)
        {
            throw new ViolationException("a witness holds data", $"{Id} at {_store.Applied} has {_store.Keys} keys at revision {_store.CurrentRevision}");
        }
    }

    /// <summary>Only committed entries, in order, each once.</summary>
    private void CheckApplied(List<Entry> entries)
    {
        long expected = _store!.Applied.Index + 1;
        foreach (Entry entry in entries)
        {
            if (entry.Index != expected++)
            {
                throw new ViolationException("entries are applied out of order", $"{Id} applies {entry.Position} instead of {expected - 1}");
            }

            if (entry.Index > _world.Judge.Canon.CommittedIndex || _world.Judge.Canon.CommittedTerm(entry.Index) != entry.Term)
            {
                throw new ViolationException("an entry was applied that is not committed", $"{Id} applies {entry.Position}");
            }

            if (!Durable.Holds(entry.Index, entry.Term))
            {
                throw new ViolationException("an entry was applied that is not durable here", $"{Id} applies {entry.Position}; its log is durable to {Durable.LastIndex}");
            }

            if (!(IsWitness && entry.Data.IsEmpty) && !_world.Judge.Canon.EntryAt(entry.Index).Data.Span.SequenceEqual(entry.Data.Span))
            {
                throw new ViolationException("an entry was applied with other contents than were committed", $"{Id} applies {entry.Position}");
            }
        }
    }
}

/// <summary>A snapshot on its way.</summary>
internal sealed class SnapshotInTransit(Member sender, int incarnation, SnapshotSend send, SnapshotPoint point, byte[] content)
{
    public Member Sender => sender;

    public int SenderIncarnation => incarnation;

    public SnapshotSend Send => send;

    public SnapshotPoint Point => point;

    public byte[] Content => content;

    public bool Delivered { get; set; }
}
