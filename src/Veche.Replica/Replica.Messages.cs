using Veche.Raft;

namespace Veche.Replica;

/// <summary>Messages in, and messages out in the order and at the moment they may leave.</summary>
public sealed partial class Replica
{
    private readonly Queue<Outgoing> _held = new();
    private readonly SortedDictionary<MemberId, AppendsBehindRead> _behindLogRead = [];
    private Entry[] _lastFromCache = [];
    private long _persistedWrite;

    private void Receive(PeerMessage message, ReplicaOutput output)
    {
        if (message.To != Id)
        {
            return;
        }

        switch (message.Body)
        {
            case Message raft:
                Advance(new RaftInput.Received(raft), output);
                if (raft is AppendRequest append)
                {
                    NoteAppliedAsked(append, output);
                }

                break;
            case ForwardedCommands forwarded:
                OnForwarded(message.From, forwarded, output);
                break;
            case RefusedCommands refused:
                OnRefused(message.From, refused, output);
                break;
            case AcknowledgedCommands acknowledged:
                OnAcknowledged(acknowledged, output);
                break;
            case AppliedThrough applied:
                OnAppliedThrough(message.From, applied);
                break;
            case StateWanted wanted:
                OnStateWanted(message.From, wanted, output);
                break;
            default:
                throw new ArgumentException($"Unknown message {message.Body.GetType().Name}.", nameof(message));
        }
    }

    private void Dispatch(Outgoing outgoing, ReplicaOutput output)
    {
        // Messages held for a write leave in order; one that may leave at once never waits behind them.
        if (outgoing.AfterWrite > _persistedWrite)
        {
            _held.Enqueue(outgoing);
        }
        else
        {
            Send(outgoing.Message, output);
        }
    }

    private void OnPersisted(long writeId, ReplicaOutput output)
    {
        if (writeId <= _persistedWrite)
        {
            return;
        }

        _persistedWrite = writeId;
        while (_proposalWrites.TryPeek(out long proposed) && proposed <= writeId)
        {
            _proposalWrites.Dequeue();
        }

        Advance(new RaftInput.Persisted(writeId), output);
        while (_held.TryPeek(out Outgoing first) && first.AfterWrite <= writeId)
        {
            Send(_held.Dequeue().Message, output);
        }

        if (_pendingInstall is { } pending && pending.WriteId <= writeId)
        {
            _pendingInstall = null;
            _installing = true;
            _lastInstall = pending.Point.Position;
            output.Install = pending.Point;
        }
    }

    private void Send(Message message, ReplicaOutput output)
    {
        if (message is AppendRequest append && append.LastIndex > append.Previous.Index)
        {
            SendEntries(append, output);
        }
        else
        {
            output.Sends.Add(PeerMessage.Of(message is AppendRequest { ForWitness: false } question && ReportsWanted is var reports and not AppendReports.None ? question with { Reports = reports } : message));
        }
    }

    private void SendEntries(AppendRequest append, ReplicaOutput output)
    {
        if (_behindLogRead.TryGetValue(append.To, out AppendsBehindRead? behind))
        {
            // In order: an append that overtook this follower's earlier one would only be rejected.
            behind.Add(append);
        }
        else if (append.Previous.Index + 1 >= _cache.FirstIndex)
        {
            SendFilled(append with { Entries = FromCache(append.Previous.Index + 1, append.LastIndex) }, output);
        }
        else
        {
            var read = new LogRead(append.Previous.Index + 1, append.LastIndex, long.MaxValue, append.To);
            _behindLogRead.Add(append.To, new AppendsBehindRead(read, append));
            output.LogReads.Add(read);
        }
    }

    /// <summary>A witness is told which entries there are, and is asked nothing that only copies of the data count for.</summary>
    private void SendFilled(AppendRequest append, ReplicaOutput output) => output.Sends.Add(PeerMessage.Of(
        append.ForWitness ? append with { Entries = WitnessEntries.Of(append.Entries, _options.IsForWitnesses) } : append with { Reports = ReportsWanted }));

    /// <summary>Most followers lack the same entries: what the last message carried is carried by the next one too.</summary>
    private Entry[] FromCache(long first, long last)
    {
        if (_lastFromCache is [var begin, ..] && begin.Position == _cache[first].Position && _lastFromCache[^1].Position == _cache[last].Position)
        {
            return _lastFromCache;
        }

        var entries = new Entry[last - first + 1];
        for (long index = first; index <= last; index++)
        {
            entries[index - first] = _cache[index];
        }

        _lastFromCache = entries;
        return entries;
    }

    private void OnLogRead(ReplicaInput.LogReadDone done, ReplicaOutput output)
    {
        if (done.Request.For.IsNone)
        {
            OnApplyRead(done, output);
            return;
        }

        if (!_behindLogRead.TryGetValue(done.Request.For, out AppendsBehindRead? behind) || !ReferenceEquals(behind.Read, done.Request))
        {
            // Asked for in a leadership that has ended.
            return;
        }

        _behindLogRead.Remove(done.Request.For);
        AppendRequest append = behind.Reading;

        // Entries read back are the ones the message means only while this member leads the same term: a leader never rewrites its log.
        if (!Leads || _core.Term != append.Term)
        {
            return;
        }

        if (done.Entries.Count == 0)
        {
            // Compacted meanwhile: the protocol probes again and finds that a snapshot is needed.
            Advance(new RaftInput.Unreachable(append.To), output);
            return;
        }

        SendFilled(append with { LastIndex = done.Entries[^1].Index, Entries = done.Entries }, output);
        foreach (AppendRequest next in behind.Waiting)
        {
            SendEntries(next, output);
        }
    }

    /// <summary>Keeps the cache equal to the log as it will be after this write.</summary>
    private void Remember(LogWrite write)
    {
        if (write.Reset is { } reset)
        {
            _cache.Reset(reset.Position.Index + 1);
        }

        if (write.KeepThrough is { } keep)
        {
            _cache.KeepThrough(keep);
        }

        for (int i = 0; i < write.Entries.Count; i++)
        {
            _cache.Append(write.Entries[i]);
        }

        _cache.Trim(Math.Min(_applied.Index, _core.LastPosition.Index));
    }
}
