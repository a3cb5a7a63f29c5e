using Veche.Log;
using Veche.Raft;
using Veche.Replica;
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

    /// <summary>Where watches are opened.</summary>
    public WatchHub Hub => _hub!;

    /// <inheritdoc/>
    public void Publish(long revision, IReadOnlyList<StoredEvent> events)
    {
        if (_world.Judge.Canon.Revise(revision, events) is { } wrong)
        {
            throw new ViolationException("state machines differ", $"{Id}: {wrong}");
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
        _store!.Apply(_batch);
        for (int i = 0; i < _batchSequences.Count; i++)
        {
            if (_batchSequences[i] != 0)
            {
                Complete(_batchSequences[i], entries[i].Index, _batch.ResultOf(i));
            }
        }

        LogPosition last = _batch.Last;
        _batch.Clear();
        Turn(new ReplicaInput.Applied(last));
    }

    public void OnInstall(SnapshotPoint point)
    {
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

        _appliedConfiguration = point.Configuration;
        _world.Count("snapshots installed");
        _world.Note(Number, $"installs the snapshot at {point.Position.Index}");
        Turn(new ReplicaInput.Installed(point));
    }

    public void OnSave()
    {
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

        Turn(new ReplicaInput.StateSaved(durable));
    }

    public void OnCapture(SnapshotSend send)
    {
        Member? receiver = _world.Find(send.To);
        if (receiver is null)
        {
            Turn(new ReplicaInput.SnapshotSent(send.To, Delivered: false, 0));
            return;
        }

        var content = new MemoryStream();
        LogPosition applied;
        using (IStateImage image = _store!.Capture())
        {
            applied = image.Applied;
            image.WriteTo(content);
        }

        var point = new SnapshotPoint(applied, _appliedConfiguration);
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

    private long SaveState()
    {
        using IStateImage image = _store!.Capture();
        var point = new SnapshotPoint(image.Applied, _appliedConfiguration);
        using (SnapshotWriter writer = _snapshots!.Begin(point))
        {
            image.WriteTo(writer.Content);
            writer.Commit();
        }

        _snapshots.DeleteOlderThan(point.Position);
        _world.Count("snapshots saved");
        return point.Position.Index;
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

            if (!_world.Judge.Canon.EntryAt(entry.Index).Data.Span.SequenceEqual(entry.Data.Span))
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
