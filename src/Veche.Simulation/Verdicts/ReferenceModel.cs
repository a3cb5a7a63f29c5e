using Google.Protobuf;
using Veche.Api;
using Veche.Api.Commands;
using Veche.Raft;
using Veche.Replica;
using Veche.Simulation.Clients;
using Veche.Store.Leases;
using Veche.Store.Watching;

namespace Veche.Simulation.Verdicts;

/// <summary>What a command should have answered.</summary>
/// <param name="Revision">Revision after it.</param>
/// <param name="Succeeded">Its condition held, or there was something to delete.</param>
/// <param name="Refusal">Why it was refused, or null.</param>
/// <param name="MadeRevision">It made its revision; otherwise it changed nothing.</param>
/// <param name="Answer">The whole answer, where there is more to it.</param>
internal readonly record struct Expected(long Revision, bool Succeeded, string? Refusal, bool MadeRevision, IMessage? Answer = null)
{
    /// <summary>A refusal that its session does not remember: another copy of the request may still be done.</summary>
    public bool LeavesNumberFree { get; init; }
}

/// <summary>
/// The data model in its simplest form, written against etcd's documentation and not against the store: a list of versions for each key.
/// Fed with the committed commands in order, it knows what every answer should have been, and the state at every revision.
/// </summary>
internal sealed partial class ReferenceModel(Canon canon)
{
    private const string OtherTermText = "veche: decided by the leader of another term";

    private readonly List<Expected> _expected = [];
    private readonly List<Version>[] _keys = [.. Enumerable.Range(0, KeyNames.Most).Select(static _ => new List<Version>())];
    private readonly SortedDictionary<long, SortedSet<int>> _leases = [];
    private readonly SortedDictionary<long, LeaseRecord> _leaseTimes = [];
    private readonly List<Change> _changes = [];

    /// <summary>The first change of each revision, from revision 2 on.</summary>
    private readonly List<int> _firstChanges = [];

    /// <summary>The command that is being done has changed something.</summary>
    private bool _wrote;

    /// <summary>One version of a key; a value of 0 is a deletion.</summary>
    internal readonly record struct Version(long Revision, long Value, long Lease, long Create, long Number);

    /// <summary>A change of a key, and what was there before.</summary>
    internal readonly record struct Change(long Revision, int Key, Version Now, Version Before)
    {
        public long Value => Now.Value;
    }

    /// <summary>The revision after the last command taken.</summary>
    public long Revision { get; private set; } = 1;

    /// <summary>The revision that history was last compacted at.</summary>
    public long Compacted { get; private set; }

    /// <summary>The last index taken.</summary>
    public long Index => _expected.Count;

    /// <summary>The leases there are now, and what is recorded of their time.</summary>
    public IEnumerable<LeaseRecord> Leases => _leaseTimes.Values;

    /// <summary>Told of each lease that has run out.</summary>
    public Action<long>? LeaseExpired { get; set; }

    /// <summary>What the command at a committed index should have answered.</summary>
    public Expected At(long index)
    {
        TakeThrough(index);
        return _expected[(int)index - 1];
    }

    public void TakeThrough(long index)
    {
        while (_expected.Count < index)
        {
            (EntryKind kind, ReadOnlyMemory<byte> data) = canon.EntryAt(_expected.Count + 1);
            _wrote = false;
            _expected.Add(kind == EntryKind.Command && CommandHeader.TryRead(data, out _, out _, out ReadOnlyMemory<byte> command) ? DoOnce(Command.Parser.ParseFrom(command.Span), canon.CommittedTerm(_expected.Count + 1)) : new Expected(Revision, true, null, false));
            if (_wrote)
            {
                Revision++;
            }
        }
    }

    /// <summary>The version of a key that a read at a revision sees; a value of 0 when there is none.</summary>
    public Version Read(int key, long revision)
    {
        List<Version> versions = _keys[key];
        int low = 0;
        int high = versions.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            (low, high) = versions[middle].Revision <= revision ? (middle + 1, high) : (low, middle);
        }

        return low == 0 ? default : versions[low - 1];
    }

    /// <summary>The revisions that history was compacted at.</summary>
    public HashSet<long> Compactions { get; } = [];

    /// <summary>Every change, in order.</summary>
    public IReadOnlyList<Change> Changes => _changes;

    /// <summary>True when a key ever had this value.</summary>
    public bool Wrote(int key, long value) => _keys[key].Exists(version => version.Value == value);

    /// <summary>True when there is such a lease now.</summary>
    public bool HasLease(long id) => _leases.ContainsKey(id);

    /// <summary>What is wrong with what a store says that a revision did; null when nothing.</summary>
    public string? Difference(long revision, IReadOnlyList<StoredEvent> events)
    {
        if (revision < 2 || revision > Revision)
        {
            return $"revision {revision} was made, and the last one is {Revision}";
        }

        int first = _firstChanges[(int)revision - 2];
        int end = revision < Revision ? _firstChanges[(int)revision - 1] : _changes.Count;
        if (events.Count != end - first)
        {
            return $"revision {revision} made {events.Count} changes, not {end - first}";
        }

        for (int i = 0; i < events.Count; i++)
        {
            Change change = _changes[first + i];
            StoredEvent told = events[i];
            bool isPut = told.Type == Event.Types.EventType.Put;
            Version now = change.Now;
            if (KeyNames.NumberOf(told.Kv.Key) != change.Key || isPut != (now.Value != 0) || told.Kv.ModRevision != revision || !Equal(told.Previous, change.Before) || (isPut && !Equal(told.Kv, now)))
            {
                return $"revision {revision} did {told.Type} {told.Kv} over {told.Previous}; it should be {KeyNames.Of(change.Key)} {now} over {change.Before}";
            }
        }

        return null;
    }

    private static bool Equal(KeyValue? kv, Version version) => kv is null
        ? version.Value == 0
        : version.Value != 0 && kv.ModRevision == version.Revision && kv.CreateRevision == version.Create && kv.Version == version.Number && kv.Lease == version.Lease && ValueBytes.Read(kv.Value) == version.Value;

    private Expected Do(Command command, long term)
    {
        if (RefusedByAlarm(command) is { } alarmed)
        {
            return Refuse(alarmed);
        }

        switch (command.BodyCase)
        {
            case Command.BodyOneofCase.Put:
                PutRequest put = command.Put;
                if (Refusal(put) is { } refusal)
                {
                    return Refuse(refusal);
                }

                PutResponse response = Put(put);
                return Done(true, put.PrevKv || put.IgnoreValue || put.IgnoreLease ? response : null);

            case Command.BodyOneofCase.DeleteRange:
                DeleteRangeResponse deleted = Delete(command.DeleteRange);
                return Done(deleted.Deleted > 0, deleted);

            case Command.BodyOneofCase.Txn:
                return Transact(command.Txn);

            case Command.BodyOneofCase.Compact:
                if (command.Compact.Revision <= Compacted)
                {
                    return Refuse(CompactedText);
                }

                if (command.Compact.Revision > Revision)
                {
                    return Refuse(FutureText);
                }

                Compacted = command.Compact.Revision;
                Compactions.Add(Compacted);
                return Done(true);

            case Command.BodyOneofCase.LeaseGrant:
                if (!_leases.TryAdd(command.LeaseGrant.ID, []))
                {
                    return Refuse("etcdserver: lease already exists");
                }

                _leaseTimes.Add(command.LeaseGrant.ID, new LeaseRecord(command.LeaseGrant.ID, command.LeaseGrant.TTL, command.LeaseGrant.TTL));
                return Done(true);

            case Command.BodyOneofCase.LeaseCheckpoint:
                if ((long)command.LeaseCheckpoint.Term != term)
                {
                    return Refuse(OtherTermText);
                }

                foreach (Api.Commands.LeaseCheckpoint.Types.Item item in command.LeaseCheckpoint.Leases.Where(item => _leases.ContainsKey(item.Id)))
                {
                    _leaseTimes[item.Id] = _leaseTimes[item.Id] with { RemainingSeconds = item.RemainingSeconds };
                }

                return Done(true);

            case Command.BodyOneofCase.LeaseRevoke:
                if (command.ExpiredInTerm != 0 && (long)command.ExpiredInTerm != term)
                {
                    return Refuse(OtherTermText);
                }

                if (!_leases.TryGetValue(command.LeaseRevoke.ID, out SortedSet<int>? attached))
                {
                    return Refuse("etcdserver: requested lease not found");
                }

                foreach (int number in attached.ToList())
                {
                    Write(number, 0, 0);
                }

                _leases.Remove(command.LeaseRevoke.ID);
                _leaseTimes.Remove(command.LeaseRevoke.ID);
                if (command.ExpiredInTerm != 0)
                {
                    LeaseExpired?.Invoke(command.LeaseRevoke.ID);
                }

                return Done(true);

            case Command.BodyOneofCase.Alarm:
                return Raise(command.Alarm);

            case Command.BodyOneofCase.StateHash:
                return Take(command.StateHash);

            case Command.BodyOneofCase.Auth:
                return ChangeAuth(command.Auth);

            case Command.BodyOneofCase.Session:
                return Open(command.Session.Open.Id, command.Caller);

            default:
                return Done(true);
        }
    }

    private Expected Done(bool succeeded, IMessage? answer = null) => new(HeaderRevision, succeeded, null, _wrote, answer);

    private Expected Refuse(string why) => new(Revision, false, why, false);

    /// <summary>Inside a command that has changed something, the revision it will get.</summary>
    private long HeaderRevision => Revision + (_wrote ? 1 : 0);

    private void Write(int key, long value, long lease)
    {
        Version before = Current(key);
        if (before.Lease != 0 && _leases.TryGetValue(before.Lease, out SortedSet<int>? old))
        {
            old.Remove(key);
        }

        if (lease != 0)
        {
            _leases[lease].Add(key);
        }

        if (!_wrote)
        {
            _wrote = true;
            _firstChanges.Add(_changes.Count);
        }

        long revision = Revision + 1;
        Version now = value == 0 ? new Version(revision, 0, 0, 0, 0) : new Version(revision, value, lease, before.Value == 0 ? revision : before.Create, before.Number + 1);
        _keys[key].Add(now);
        _changes.Add(new Change(revision, key, now, before));
    }

    private Version Current(int key) => _keys[key].Count == 0 ? default : _keys[key][^1];
}
