using Google.Protobuf;
using Google.Protobuf.Collections;
using Veche.Api;
using Veche.Api.Commands;
using Veche.Raft;
using Veche.Replica;
using Veche.Store.Auth;
using Veche.Store.Mvcc;
using Veche.Store.Watching;

namespace Veche.Store;

/// <summary>Committed commands into the state. A batch goes to the engine as one, together with the position it ends at.</summary>
public sealed partial class KeyValueStore
{
    /// <summary>Told of each command that was applied: its index, the revision after it, and why it was refused, if it was. On the thread that applies.</summary>
    public Action<long, long, StoreError?>? EntryApplied { get; set; }

    private readonly byte[] _metaBytes = new byte[Meta.Length];
    private MvccWriter? _writer;

    /// <inheritdoc/>
    public void Apply(ApplyBatch batch)
    {
        try
        {
            Do(batch);
        }
        catch (InvalidProtocolBufferException exception)
        {
            // Commands that make no sense are answered; this is something that was read back.
            throw new StateDamagedException($"a stored record makes no sense: {exception.Message}", exception);
        }
    }

    private void Do(ApplyBatch batch)
    {
        MvccWriter writer = _writer ??= new MvccWriter(_engine, _leases);
        writer.Begin(_meta.Revision, _meta.CompactRevision, _meta.DataBytes, _meta.Keys);
        _engine.Batch.Hash = _appliedHash;
        for (int i = 0; i < batch.Count; i++)
        {
            Committed entry = batch.Entries[i];
            if (entry.Kind == EntryKind.Command)
            {
                object result = Do(writer, entry, i > 0 ? batch.Entries[i - 1].Position : null);
                Counters.CountResult(result);
                EntryApplied?.Invoke(entry.Position.Index, writer.Revision, result as StoreError);
                if (entry.WantsResult)
                {
                    batch.SetResult(i, result);
                }
            }
            else if (entry.Kind == EntryKind.Configuration && !entry.Data.IsEmpty)
            {
                writer.ChangeMembership(entry.Data.Span);
            }
        }

        CommitBatch(writer, batch.Last);
    }

    private object Do(MvccWriter writer, in Committed entry, LogPosition? before)
    {
        Command command;
        try
        {
            command = Command.Parser.ParseFrom(entry.Data.Span);
        }
        catch (InvalidProtocolBufferException)
        {
            return StoreErrors.UnknownCommand;
        }

        AuthWriter auth = _authWriter ??= new AuthWriter(_engine, _auth);
        if (auth.Current.IsEnabled && RequestPermissions.Check(auth.Current, command, writer.KeysOf) is { } denied)
        {
            return denied;
        }

        if (!IsInSession(command))
        {
            return RefusedByAlarm(command) ?? Do(writer, auth, command, entry, before);
        }

        // Before the alarms: what was done once is answered, whatever has happened since.
        if (_sessions.Answer(command, UserOf(auth.Current, command)) is { } first)
        {
            return first;
        }

        object answer = RefusedByAlarm(command) ?? Do(writer, auth, command, entry, before);
        _sessions.Done(command, answer, entry.Position.Index, _engine.Batch);
        return answer;
    }

    private object Do(MvccWriter writer, AuthWriter auth, Command command, in Committed entry, LogPosition? before)
    {
        switch (command.BodyCase)
        {
            case Command.BodyOneofCase.Put:
                return writer.Put(command.Put);
            case Command.BodyOneofCase.DeleteRange:
                return writer.DeleteRange(command.DeleteRange);
            case Command.BodyOneofCase.Txn:
                if (before is { } position && AsksForThePast(command.Txn))
                {
                    // The past of a batch is in the engine only once the batch is.
                    CommitBatch(writer, position);
                    writer.Begin(_meta.Revision, _meta.CompactRevision, _meta.DataBytes, _meta.Keys);
                    _engine.Batch.Hash = _appliedHash;
                }

                return writer.Transact(command.Txn);
            case Command.BodyOneofCase.Compact:
                return writer.Compact(command.Compact);
            case Command.BodyOneofCase.LeaseGrant:
                return writer.Grant(command.LeaseGrant);
            case Command.BodyOneofCase.LeaseRevoke:
                return command.ExpiredInTerm == 0 ? writer.Revoke(command.LeaseRevoke) : writer.Expire(command.LeaseRevoke, (long)command.ExpiredInTerm, entry.Position.Term);
            case Command.BodyOneofCase.LeaseCheckpoint:
                return writer.Checkpoint(command.LeaseCheckpoint, entry.Position.Term);
            case Command.BodyOneofCase.Member:
                return writer.SetMember(command.Member);
            case Command.BodyOneofCase.Auth:
                return auth.Apply(command.Auth, entry.Position.Index, writer.Revision);
            case Command.BodyOneofCase.Alarm:
                return Do(command.Alarm, writer.Revision);
            case Command.BodyOneofCase.Downgrade:
                return Do(command.Downgrade, writer.Revision);
            case Command.BodyOneofCase.MemberUpdate:
                return writer.UpdateMember(command.MemberUpdate);
            case Command.BodyOneofCase.StateHash:
                return Do(writer, command.StateHash, entry, before);
            case Command.BodyOneofCase.Session:
                return Do(command.Session, UserOf(auth.Current, command), entry, writer.Revision);
            default:
                return StoreErrors.UnknownCommand;
        }
    }

    private static bool AsksForThePast(TxnRequest request) => AskForThePast(request.Success) || AskForThePast(request.Failure);

    private static bool AskForThePast(RepeatedField<RequestOp> operations)
    {
        for (int i = 0; i < operations.Count; i++)
        {
            if (operations[i].RequestRange is { Revision: > 0 } || (operations[i].RequestTxn is { } nested && AsksForThePast(nested)))
            {
                return true;
            }
        }

        return false;
    }

    private void CommitBatch(MvccWriter writer, LogPosition applied)
    {
        // What follows is this member's own business: how far the batch goes, and what it clears away.
        _engine.Batch.Hash = null;
        long compacted = writer.CompactRevision;
        Meta meta = _meta with { Applied = applied, Revision = writer.Revision, CompactRevision = compacted, DataBytes = writer.DataBytes, Keys = writer.Keys, AppliedHash = _appliedHash.Value, AppliedHashSince = _appliedHashSince };
        meta.Encode(_metaBytes);
        lock (_stateLock)
        {
            _engine.Batch.Put([KeyLayout.Meta], _metaBytes);
            _engine.Commit();
            _meta = meta;
            _auth = _authWriter?.Current ?? _auth;
            _state = new State(_engine, meta.Revision, meta.CompactRevision, meta.DataBytes, meta.Keys, meta.Applied.Index);
        }

        Advanced?.Invoke();

        foreach ((long revision, List<StoredEvent> events) in writer.Published)
        {
            EventSink?.Publish(revision, events);
            Counters.Count(events);
        }

        writer.TellLeases(LeaseObserver, applied.Term);
        _authWriter?.Tell(AuthObserver);
        if (writer.ChangedMembers)
        {
            LoadMembers();
            MembersChanged?.Invoke();
        }

        writer.End();
    }
}
