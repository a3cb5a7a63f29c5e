namespace Veche.Checking.Linearizability;

/// <summary>Decides whether operations on one object could have taken effect one at a time, each between its call and its return (Herlihy and Wing 1990).</summary>
public static class LinearizabilityChecker
{
    /// <summary>Searches for such an order.</summary>
    /// <typeparam name="TModel">The object; fastest as a readonly struct.</typeparam>
    /// <param name="model">The object and what its operations do.</param>
    /// <param name="intervals">When each operation was under way, by its index. Leave out operations that did not happen, and reads without a result.</param>
    /// <param name="limits">When to give up; null for <see cref="CheckLimits.Default"/>.</param>
    /// <exception cref="ArgumentException">An operation returns before it is called.</exception>
    public static LinearizabilityResult Check<TModel>(TModel model, ReadOnlySpan<Interval> intervals, CheckLimits? limits = null)
        where TModel : IOperationModel =>
        new Search<TModel>(model, intervals, limits ?? CheckLimits.Default).Run();

    /// <summary>Searches for such an order, for an object whose states are of any type.</summary>
    /// <typeparam name="TState">What its states are; equal states must be <see cref="object.Equals(object)"/>.</typeparam>
    /// <typeparam name="TInput">What its operations are called with.</typeparam>
    /// <typeparam name="TOutput">What they return.</typeparam>
    /// <param name="model">The object.</param>
    /// <param name="operations">What was called, and what came back.</param>
    /// <param name="limits">When to give up; null for <see cref="CheckLimits.Default"/>.</param>
    public static LinearizabilityResult Check<TState, TInput, TOutput>(
        SequentialModel<TState, TInput, TOutput> model,
        IReadOnlyList<TimedOperation<TInput, TOutput>> operations,
        CheckLimits? limits = null)
        where TState : notnull
    {
        var intervals = new Interval[operations.Count];
        for (int i = 0; i < intervals.Length; i++)
        {
            intervals[i] = operations[i].Interval;
        }

        return Check(new InternedModel<TState, TInput, TOutput>(model, operations), intervals, limits);
    }
}
