using Veche.Raft;
using Veche.Replica;

namespace Veche.Simulation.Verdicts;

/// <summary>
/// The one history that all members must agree on: which entry was committed at each index, and which entries ever were appended. Whoever
/// comes first writes it; everybody else is compared.
/// </summary>
internal sealed class Canon
{
    private readonly List<long> _committedTerms = [];
    private readonly List<long> _committedIn = [];
    private readonly Dictionary<(long Index, long Term), Appended> _appended = [];
    private readonly List<(long Index, Configuration Configuration)> _configurations = [];
    private readonly HashSet<(MemberId Origin, long Sequence)> _commands = [];

    private readonly record struct Appended(long PreviousTerm, EntryKind Kind, ReadOnlyMemory<byte> Data);

    /// <summary>The highest index known committed by anybody.</summary>
    public long CommittedIndex => _committedTerms.Count;

    /// <summary>The configuration that the cluster began with.</summary>
    public Configuration Founders { get; init; } = Configuration.Empty;

    /// <summary>The configuration in force at a committed index.</summary>
    public Configuration ConfigurationAt(long index)
    {
        for (int i = _configurations.Count - 1; i >= 0; i--)
        {
            if (_configurations[i].Index <= index)
            {
                return _configurations[i].Configuration;
            }
        }

        return Founders;
    }

    /// <summary>
    /// True when a configuration is the one in force at a committed index. Who joins does not know of the founders: until its log changes the
    /// configuration, it goes by none.
    /// </summary>
    public bool IsInForce(Configuration configuration, long index) =>
        configuration.Equals(ConfigurationAt(index)) || (configuration.AllMembers.Count == 0 && (_configurations.Count == 0 || _configurations[0].Index > index));

    public long CommittedTerm(long index) => index == 0 ? 0 : _committedTerms[(int)index - 1];

    /// <summary>The term of the member that first knew an entry to be committed: it was committed in this term or before.</summary>
    public long CommittedIn(long index) => _committedIn[(int)index - 1];

    /// <summary>An entry is on its way into a log. Returns what is wrong with it, or null.</summary>
    public string? Append(in Entry entry, long previousTerm, bool isWitness = false)
    {
        (long, long) key = (entry.Index, entry.Term);
        if (_appended.TryGetValue(key, out Appended known))
        {
            if (known.PreviousTerm != previousTerm)
            {
                return $"entry {entry.Position} follows term {previousTerm} here and term {known.PreviousTerm} elsewhere";
            }

            if (isWitness && entry.Kind == EntryKind.Command)
            {
                return known.Kind != entry.Kind || !entry.Data.IsEmpty ? $"a witness holds what entry {entry.Position} says" : null;
            }

            // The same buffer needs no look at its bytes.
            return known.Kind == entry.Kind && (known.Data.Equals(entry.Data) || known.Data.Span.SequenceEqual(entry.Data.Span))
                ? null
                : $"entry {entry.Position} has other contents here than elsewhere";
        }

        _appended.Add(key, new Appended(previousTerm, entry.Kind, entry.Data));
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

        if (appended.Kind == EntryKind.Configuration && ConfigurationEntry.TryDecode(appended.Data, out Configuration? configuration, out _))
        {
            _configurations.Add((index, configuration));
        }

        _committedTerms.Add(term);
        _committedIn.Add(inTerm);
        return null;
    }
}
