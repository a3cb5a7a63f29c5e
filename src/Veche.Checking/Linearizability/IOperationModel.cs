namespace Veche.Checking.Linearizability;

/// <summary>
/// A sequential object whose states are numbers, together with the operations of one history by their index.
/// Equal numbers must mean equal states. <see cref="SequentialModel{TState, TInput, TOutput}"/> makes one from states of any type.
/// </summary>
public interface IOperationModel
{
    /// <summary>The state at the start; not negative.</summary>
    int Initial { get; }

    /// <summary>About how many bytes it holds; counted against the limit.</summary>
    long BytesHeld { get; }

    /// <summary>The state after an operation, or -1 when the operation cannot have had its result in this state.</summary>
    /// <param name="state">The state before.</param>
    /// <param name="operation">Its index.</param>
    int Step(int state, int operation);

    /// <summary>Whether an operation changes no state, whichever it is. The search places such operations without looking back.</summary>
    /// <param name="operation">Its index.</param>
    bool IsReadOnly(int operation);

    /// <summary>Equal for operations of unknown outcome that do the same; of these only the oldest needs to be tried.</summary>
    /// <param name="operation">Its index.</param>
    long EffectOf(int operation);

    /// <summary>
    /// False only when a read can have its result after this state no more, unless one of <see cref="MakersOf"/> takes effect in between.
    /// The search leaves a branch as soon as a read is out of reach and all its makers are placed. Always true is right, and slow.
    /// </summary>
    /// <param name="state">A state.</param>
    /// <param name="read">The index of a read-only operation that returned.</param>
    bool IsWithinReach(int state, int read);

    /// <summary>The operations after which a read may have its result whatever the state was before; of no meaning when everything is within reach.</summary>
    /// <param name="read">The index of a read-only operation that returned.</param>
    ReadOnlySpan<int> MakersOf(int read);
}
