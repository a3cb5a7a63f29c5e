namespace Veche.Raft;

/// <summary>An index and the term of the entry there. The position before the first entry is (0, 0).</summary>
/// <param name="Index">Index in the log.</param>
/// <param name="Term">Term of the entry at that index.</param>
public readonly record struct LogPosition(long Index, long Term) : IComparable<LogPosition>
{
    /// <summary>Before the first entry.</summary>
    public static readonly LogPosition Zero;

    /// <summary>Orders by how up to date a log that ends here is: by term, then by index (Raft §5.4.1).</summary>
    public int CompareTo(LogPosition other)
    {
        int byTerm = Term.CompareTo(other.Term);
        return byTerm != 0 ? byTerm : Index.CompareTo(other.Index);
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Index}@{Term}";
}
