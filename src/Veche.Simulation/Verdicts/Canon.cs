using System.IO.Hashing;
using Veche.Raft;
using Veche.Replica;
using Veche.Store.Watching;

namespace Veche.Simulation.Verdicts;

/// <summary>
/// The one history that all members must agree on: which entry was committed at each index, which entries ever were appended, and what each
/// revision of the data did. Whoever comes first writes it; everybody else is compared.
/// </summary>
internal sealed class Canon
{
    private readonly List<long> _committedTerms = [];
    private readonly List<long> _committedIn = [];
    private readonly Dictionary<(long Index, long Term), Appended> _appended = [];
    private readonly Dictionary<long, ulong> _events = [];
    private readonly HashSet<(MemberId Origin, long Sequence)> _commands = [];
    private readonly XxHash3 _hash = new();

    private readonly record struct Appended(long PreviousTerm, ulong Hash, EntryKind Kind, ReadOnlyMemory<byte> Data);

    /// <summary>The highest index known committed by anybody.</summary>
    public long CommittedIndex => _committedTerms.Count;

    public long CommittedTerm(long index) => index == 0 ? 0 : _committedTerms[(int)index - 1];

    /// <summary>The term of the member that first knew an entry to be committed: it was committed in this term or before.</summary>
    public long CommittedIn(long index) => _committedIn[(int)index - 1];

    /// <summary>An entry is on its way into a log. Returns what is wrong with it, or null.</summary>
    public string? Append(in Entry entry, long previousTerm)
    {
        (long, long) key = (entry.Index, entry.Term);
        if (_appended.TryGetValue(key, out Appended known))
        {
            if (known.PreviousTerm != previousTerm)
            {
                return $"entry {entry.Position} follows term {previousTerm} here and term {known.PreviousTerm} elsewhere";
            }

            // The same buffer needs no look at its bytes.
            return known.Kind == entry.Kind && (known.Data.Equals(entry.Data) || known.Data.Span.SequenceEqual(entry.Data.Span))
                ? null
                : $"entry {entry.Position} has other contents here than elsewhere";
        }

        _appended.Add(key, new Appended(previousTerm, 0, entry.Kind, entry.Data));
        return null;
    }

    /// <summary>The contents of a committed entry.</summary>
    public (EntryKind Kind, ReadOnlyMemory<byte> Data) EntryAt(long index)
    {
        Appended appended = _appended[(index, CommittedTerm(index))];
        return (appended.Kind, appended.Data);
    }

    /// <summary>A member in a term says that the entry at an index is committed with this term. Returns what is wrong with that, or null.</summary>
    public string? Commit(long index, long term, long inTerm)
    {
        if (index <= _committedTerms.Count)
        {
            long known = _committedTerms[(int)index - 1];
            return known == term ? null : $"index {index} is committed with term {term} here and with term {known} elsewhere";
        }

        if (index != _committedTerms.Count + 1)
        {
            return $"index {index} is committed before {_committedTerms.Count + 1}";
        }

        if (!_appended.TryGetValue((index, term), out Appended appended))
        {
            return $"an entry was committed at {index} in term {term} that nobody appended";
        }

        if (appended.Kind == EntryKind.Command && CommandHeader.TryRead(appended.Data, out MemberId origin, out long sequence, out _) && !_commands.Add((origin, sequence)))
        {
            return $"command {sequence} of {origin} is committed a second time, at {index}";
        }

        _committedTerms.Add(term);
        _committedIn.Add(inTerm);
        return null;
    }

    /// <summary>A member's state machine has made a revision. Returns what is wrong, or null.</summary>
    public string? Revise(long revision, IReadOnlyList<StoredEvent> events)
    {
        _hash.Reset();
        Span<byte> numbers = stackalloc byte[48];
        for (int i = 0; i < events.Count; i++)
        {
            StoredEvent stored = events[i];
            System.Buffers.Binary.BinaryPrimitives.WriteInt64LittleEndian(numbers, (long)stored.Type);
            System.Buffers.Binary.BinaryPrimitives.WriteInt64LittleEndian(numbers[8..], stored.Kv.ModRevision);
            System.Buffers.Binary.BinaryPrimitives.WriteInt64LittleEndian(numbers[16..], stored.Kv.CreateRevision);
            System.Buffers.Binary.BinaryPrimitives.WriteInt64LittleEndian(numbers[24..], stored.Kv.Version);
            System.Buffers.Binary.BinaryPrimitives.WriteInt64LittleEndian(numbers[32..], stored.Kv.Lease);
            System.Buffers.Binary.BinaryPrimitives.WriteInt32LittleEndian(numbers[40..], stored.Kv.Key.Length);
            System.Buffers.Binary.BinaryPrimitives.WriteInt32LittleEndian(numbers[44..], stored.Kv.Value.Length);
            _hash.Append(numbers);
            _hash.Append(stored.Kv.Key.Span);
            _hash.Append(stored.Kv.Value.Span);
        }

        ulong hash = _hash.GetCurrentHashAsUInt64();
        if (_events.TryGetValue(revision, out ulong known))
        {
            return known == hash ? null : $"revision {revision} did something else here than elsewhere";
        }

        _events.Add(revision, hash);
        return null;
    }
}
