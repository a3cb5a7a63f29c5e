using Veche.Raft;

namespace Veche.Replica;

/// <summary>
/// The simplest way to replicate something small: say what a command does and how the state is written and read.
/// The whole state is written to memory whenever a snapshot is taken, so it should fit there twice.
/// </summary>
public abstract class InMemoryStateMachine : IStateMachine
{
    /// <inheritdoc/>
    public LogPosition Applied { get; private set; }

    /// <inheritdoc/>
    public bool IsDurable => false;

    /// <inheritdoc/>
    public long DurableIndex => 0;

    /// <inheritdoc/>
    public void Apply(ApplyBatch batch)
    {
        for (int i = 0; i < batch.Count; i++)
        {
            if (batch.Entries[i].Kind == EntryKind.Command)
            {
                batch.SetResult(i, Apply(batch.Entries[i].Data.Span));
            }
        }

        Applied = batch.Last;
    }

    /// <inheritdoc/>
    public void Flush()
    {
        // Nothing to do: the replica writes snapshot files, because IsDurable is false.
    }

    /// <inheritdoc/>
    public IStateImage Capture()
    {
        var image = new MemoryStream();
        Save(image);
        return new Image(image.GetBuffer().AsMemory(0, (int)image.Length), Applied);
    }

    /// <inheritdoc/>
    public void Restore(Stream image, LogPosition applied)
    {
        Load(image);
        Applied = applied;
    }

    /// <summary>Does what a command says and returns the answer for its proposer. Must be deterministic and must not throw: a bad command gets an answer that says so.</summary>
    protected abstract object? Apply(ReadOnlySpan<byte> command);

    /// <summary>Writes the whole state.</summary>
    protected abstract void Save(Stream destination);

    /// <summary>Replaces the whole state by what <see cref="Save"/> wrote. Throws without having changed anything when it cannot.</summary>
    protected abstract void Load(Stream source);

    private sealed class Image(ReadOnlyMemory<byte> bytes, LogPosition applied) : IStateImage
    {
        public LogPosition Applied => applied;

        public void WriteTo(Stream destination) => destination.Write(bytes.Span);

        public void Dispose()
        {
            // Memory goes by itself.
        }
    }
}
