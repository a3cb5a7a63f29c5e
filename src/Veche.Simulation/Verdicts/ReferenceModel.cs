using Veche.Api;
using Veche.Api.Commands;
using Veche.Replica;
using Veche.Raft;
using Veche.Simulation.Clients;

namespace Veche.Simulation.Verdicts;

/// <summary>What a command should have answered.</summary>
/// <param name="Revision">Revision after it.</param>
/// <param name="Succeeded">Its condition held, or there was something to delete.</param>
/// <param name="Refusal">Why it was refused, or null.</param>
internal readonly record struct Expected(long Revision, bool Succeeded, string? Refusal);

/// <summary>
/// The data model in its simplest form, written against etcd's documentation and not against the store: a sorted list of versions for each key.
/// Fed with the committed commands in order, it knows what every answer should have been, and the state at every revision.
/// </summary>
internal sealed class ReferenceModel(Canon canon)
{
    private readonly List<Expected> _expected = [];
    private readonly List<Version>[] _keys = [.. Enumerable.Range(0, 256).Select(static _ => new List<Version>())];
    private readonly SortedDictionary<long, SortedSet<int>> _leases = [];
    private readonly List<(long Revision, int Key, long Value)> _changes = [];
    private long _compacted;

    /// <summary>One version of a key; a value of 0 is a deletion.</summary>
    internal readonly record struct Version(long Revision, long Value, long Lease);

    /// <summary>The revision after the last command taken.</summary>
    public long Revision { get; private set; } = 1;

    /// <summary>The last index taken.</summary>
    public long Index => _expected.Count;

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
            _expected.Add(kind == EntryKind.Command && CommandHeader.TryRead(data, out _, out _, out ReadOnlyMemory<byte> command) ? Do(Command.Parser.ParseFrom(command.Span)) : new Expected(Revision, true, null));
        }
    }

    /// <summary>The version of a key that a read at a revision sees; a value of 0 when there is none.</summary>
    public Version Read(int key, long revision)
    {
        List<Version> versions = _keys[key];
        for (int i = versions.Count - 1; i >= 0; i--)
        {
            if (versions[i].Revision <= revision)
            {
                return versions[i];
            }
        }

        return default;
    }

    /// <summary>The revisions that history was compacted at.</summary>
    public HashSet<long> Compactions { get; } = [];

    /// <summary>Every change, in order; a value of 0 is a deletion.</summary>
    public IReadOnlyList<(long Revision, int Key, long Value)> Changes => _changes;

    /// <summary>True when a key ever had this value.</summary>
    public bool Wrote(int key, long value) => _keys[key].Exists(version => version.Value == value);

    /// <summary>True when there is such a lease now.</summary>
    public bool HasLease(long id) => _leases.ContainsKey(id);

    private Expected Do(Command command)
    {
        switch (command.BodyCase)
        {
            case Command.BodyOneofCase.Put:
                if (Refusal(command.Put) is { } refusal)
                {
                    return new Expected(Revision, false, refusal);
                }

                Revision++;
                Put(command.Put);
                return new Expected(Revision, true, null);

            case Command.BodyOneofCase.DeleteRange:
                int key = KeyNames.NumberOf(command.DeleteRange.Key);
                bool existed = Current(key).Value != 0;
                if (existed)
                {
                    Revision++;
                    Write(key, 0, 0);
                }

                return new Expected(Revision, existed, null);

            case Command.BodyOneofCase.Txn:
                return Transact(command.Txn);

            case Command.BodyOneofCase.Compact:
                if (command.Compact.Revision <= _compacted)
                {
                    return new Expected(Revision, false, "etcdserver: mvcc: required revision has been compacted");
                }

                if (command.Compact.Revision > Revision)
                {
                    return new Expected(Revision, false, "etcdserver: mvcc: required revision is a future revision");
                }

                _compacted = command.Compact.Revision;
                Compactions.Add(_compacted);
                return new Expected(Revision, true, null);

            case Command.BodyOneofCase.LeaseGrant:
                return _leases.TryAdd(command.LeaseGrant.ID, []) ? new Expected(Revision, true, null) : new Expected(Revision, false, "etcdserver: lease already exists");

            case Command.BodyOneofCase.LeaseRevoke:
                if (!_leases.Remove(command.LeaseRevoke.ID, out SortedSet<int>? attached))
                {
                    return new Expected(Revision, false, "etcdserver: requested lease not found");
                }

                if (attached.Count > 0)
                {
                    Revision++;
                    foreach (int number in attached)
                    {
                        _keys[number].Add(new Version(Revision, 0, 0));
                        _changes.Add((Revision, number, 0));
                    }
                }

                return new Expected(Revision, true, null);

            default:
                return new Expected(Revision, true, null);
        }
    }

    private Expected Transact(TxnRequest request)
    {
        bool holds = true;
        foreach (Compare compare in request.Compare)
        {
            Version version = Current(KeyNames.NumberOf(compare.Key));
            holds &= compare.Target switch
            {
                Compare.Types.CompareTarget.Value => version.Value != 0 && version.Value == ValueBytes.Read(compare.Value),
                _ => (version.Value == 0 ? 0 : version.Revision) == compare.ModRevision,
            };
        }

        bool wrote = false;
        foreach (RequestOp operation in holds ? request.Success : request.Failure)
        {
            if (operation.RequestPut is { } put)
            {
                if (!wrote)
                {
                    Revision++;
                    wrote = true;
                }

                Put(put);
            }
        }

        return new Expected(Revision, holds, null);
    }

    private string? Refusal(PutRequest request) => request.Lease != 0 && !_leases.ContainsKey(request.Lease) ? "etcdserver: requested lease not found" : null;

    private void Put(PutRequest request) => Write(KeyNames.NumberOf(request.Key), ValueBytes.Read(request.Value), request.Lease);

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

        _keys[key].Add(new Version(Revision, value, lease));
        _changes.Add((Revision, key, value));
    }

    private Version Current(int key) => _keys[key].Count == 0 ? default : _keys[key][^1];
}
