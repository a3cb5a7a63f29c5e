namespace Veche.Raft;

/// <summary>What an entry of the log is for. The numbers are on disk and on the wire.</summary>
public enum EntryKind : byte
{
    /// <summary>The empty entry a leader appends first in its term, so that the entries before it can commit (Raft §8).</summary>
    NoOp = 0,

    /// <summary>A command for the state machine.</summary>
    Command = 1,

    /// <summary>A cluster configuration, effective as soon as it is appended (Raft §6).</summary>
    Configuration = 2,
}

/// <summary>One entry of the replicated log.</summary>
/// <param name="Index">Position in the log; the first entry ever has index 1.</param>
/// <param name="Term">Term of the leader that appended it.</param>
/// <param name="Kind">What it is for.</param>
/// <param name="Data">The payload: opaque for commands, an encoded <see cref="Configuration"/> with its context for configurations. Never written to after it was handed over.</param>
public readonly record struct Entry(long Index, long Term, EntryKind Kind, ReadOnlyMemory<byte> Data)
{
    /// <summary>What an entry costs besides its payload when sizes are limited, in bytes.</summary>
    public const int OverheadBytes = 32;

    /// <summary>Size used for all limits in bytes: payload plus <see cref="OverheadBytes"/>.</summary>
    public int SizeBytes => Data.Length + OverheadBytes;

    /// <summary>Where the entry is.</summary>
    public LogPosition Position => new(Index, Term);
}
