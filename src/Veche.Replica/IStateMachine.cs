using Veche.Raft;

namespace Veche.Replica;

/// <summary>
/// What a cluster replicates. Deterministic: the same entries in the same order give the same state on every member,
/// so no clock, randomness, or unordered enumeration may show in the state or the results.
/// <see cref="Apply"/>, <see cref="Capture"/> and <see cref="Restore"/> are never called at the same time as each other.
/// </summary>
public interface IStateMachine
{
    /// <summary>Position of the last entry whose effects the state holds; <see cref="LogPosition.Zero"/> for a new one. After a restart: what survived.</summary>
    LogPosition Applied { get; }

    /// <summary>True when the state survives a crash by itself (it is kept on disk); false when it lives in memory and is rebuilt from snapshot file and log.</summary>
    bool IsDurable { get; }

    /// <summary>
    /// Index up to which the state survives a crash by itself, without the log. A state machine that lives in memory returns
    /// the index it was restored from (0 for none); the replica then writes snapshot files before it drops log entries.
    /// </summary>
    long DurableIndex { get; }

    /// <summary>Applies committed entries, consecutive and in order, each exactly once, and fills in the results of those that ask for one. Must not throw for bad commands: their result says so.</summary>
    /// <exception cref="StateDamagedException">The state is damaged; the next call is <see cref="Restore"/>.</exception>
    void Apply(ApplyBatch batch);

    /// <summary>Asks that <see cref="DurableIndex"/> catch up with <see cref="Applied"/>. May take long and may run beside <see cref="Apply"/>. Does nothing for a state machine that lives in memory.</summary>
    void Flush();

    /// <summary>True when there is something to clear away that may wait. Default false.</summary>
    bool NeedsTidying => false;

    /// <summary>
    /// Clears away a little, about a millisecond's worth: entries may come meanwhile and wait for it. Called between applies, never beside one, again and again while
    /// <see cref="NeedsTidying"/>, with rests between the calls while entries come. What can be read must not depend on it. Does nothing by default.
    /// </summary>
    /// <exception cref="StateDamagedException">The state is damaged; the next call is <see cref="Restore"/>.</exception>
    void Tidy()
    {
    }

    /// <summary>Pins an image of the state as it is now. Cheap; the image is read later, beside further applies.</summary>
    IStateImage Capture();

    /// <summary>
    /// True for a command that witnesses get whole, because they need it to do their part and it holds nothing that clients have stored: where members are to be reached.
    /// Must depend on the command alone. Called from any thread. Default false: they get none.
    /// </summary>
    bool IsForWitnesses(ReadOnlyMemory<byte> command) => false;

    /// <summary>The same as <see cref="Capture"/> for a witness: what the commands that it gets whole have done, and nothing else. <see cref="Restore"/> must take it.</summary>
    /// <exception cref="NotSupportedException">There can be no witnesses of this state machine, which is what this does unless it is written anew.</exception>
    IStateImage CaptureForWitness() => throw new NotSupportedException($"{GetType().Name} does not say what of its state a witness may have, so a witness cannot be sent a snapshot of it.");

    /// <summary>Replaces the whole state by an image. Either succeeds whole or throws and leaves the old state.</summary>
    /// <param name="image">What <see cref="IStateImage.WriteTo"/> wrote.</param>
    /// <param name="applied">Position of the last entry the image includes.</param>
    void Restore(Stream image, LogPosition applied);
}

/// <summary>A pinned image of a state machine.</summary>
public interface IStateImage : IDisposable
{
    /// <summary>Position of the last entry the image includes.</summary>
    LogPosition Applied { get; }

    /// <summary>Writes the image, sequentially, without holding all of it in memory.</summary>
    void WriteTo(Stream destination);
}

/// <summary>The state that is kept is damaged: it cannot be read, or makes no sense. The member must not show it, and takes the whole of it from another member.</summary>
public sealed class StateDamagedException : IOException
{
    /// <summary>Says what was found.</summary>
    public StateDamagedException(string message)
        : base(message)
    {
    }

    /// <summary>Says what was found, and what it was found by.</summary>
    public StateDamagedException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
