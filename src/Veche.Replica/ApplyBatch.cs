using Veche.Raft;

namespace Veche.Replica;

/// <summary>One committed entry as a state machine sees it.</summary>
/// <param name="Position">Index and term.</param>
/// <param name="Kind">No-op and configuration entries are handed over too, so that the state machine can keep its applied position and the context of configuration changes.</param>
/// <param name="Data">The command as it was proposed (the replica's own header removed), or the context of a configuration change; empty for a no-op.</param>
/// <param name="WantsResult">Somebody at this member waits for the result; when false, building one is wasted work.</param>
public readonly record struct Committed(LogPosition Position, EntryKind Kind, ReadOnlyMemory<byte> Data, bool WantsResult);

/// <summary>Consecutive committed entries to apply together, and room for their results. Reused between applies.</summary>
public sealed class ApplyBatch
{
    private readonly List<Committed> _entries = [];
    private readonly List<object?> _results = [];

    /// <summary>The entries, in order; never empty when applied.</summary>
    public IReadOnlyList<Committed> Entries => _entries;

    /// <summary>Number of entries.</summary>
    public int Count => _entries.Count;

    /// <summary>Position of the last entry.</summary>
    public LogPosition Last => _entries[^1].Position;

    /// <summary>Adds an entry.</summary>
    public void Add(in Committed entry)
    {
        _entries.Add(entry);
        _results.Add(null);
    }

    /// <summary>Sets what the proposer of an entry gets as its answer. Any object; null is an answer too.</summary>
    public void SetResult(int position, object? result) => _results[position] = result;

    /// <summary>The result of an entry.</summary>
    public object? ResultOf(int position) => _results[position];

    /// <summary>Empties the batch for reuse.</summary>
    public void Clear()
    {
        _entries.Clear();
        _results.Clear();
    }
}
