namespace Veche.Checking.Linearizability;

/// <summary>One operation for <see cref="SequentialModel{TState, TInput, TOutput}"/>.</summary>
/// <typeparam name="TInput">What it was called with.</typeparam>
/// <typeparam name="TOutput">What it returned.</typeparam>
/// <param name="Interval">When it was under way.</param>
/// <param name="Input">What it was called with.</param>
/// <param name="Output">What it returned; of no meaning while the interval is open.</param>
public readonly record struct TimedOperation<TInput, TOutput>(Interval Interval, TInput Input, TOutput? Output);

/// <summary>A sequential object, written as plainly as possible: it is the specification.</summary>
/// <typeparam name="TState">Its states, immutable, with equality.</typeparam>
/// <typeparam name="TInput">What its operations are called with.</typeparam>
/// <typeparam name="TOutput">What they return.</typeparam>
public abstract class SequentialModel<TState, TInput, TOutput>
    where TState : notnull
{
    /// <summary>The state at the start.</summary>
    public abstract TState Initial { get; }

    /// <summary>One operation.</summary>
    /// <param name="state">The state before.</param>
    /// <param name="input">What it was called with.</param>
    /// <param name="output">What it returned; of no meaning when that is not known.</param>
    /// <param name="isOutputKnown">Whether it is.</param>
    /// <param name="next">The state after.</param>
    /// <returns>Whether the operation can return this in this state.</returns>
    public abstract bool TryStep(TState state, TInput input, TOutput? output, bool isOutputKnown, out TState next);

    /// <summary>Whether an operation changes no state, whichever it is. Default: no.</summary>
    /// <param name="input">What it is called with.</param>
    public virtual bool IsReadOnly(TInput input) => false;
}
