using System.Runtime.CompilerServices;

namespace Veche.Checking.Linearizability;

/// <summary>Gives the states of any model numbers, and remembers the steps between them.</summary>
internal readonly struct InternedModel<TState, TInput, TOutput> : IOperationModel
    where TState : notnull
{
    private readonly SequentialModel<TState, TInput, TOutput> _model;
    private readonly IReadOnlyList<TimedOperation<TInput, TOutput>> _operations;
    private readonly List<TState> _states = [];
    private readonly Dictionary<TState, int> _numbers = [];
    private readonly Dictionary<(int State, int Operation), int> _steps = [];

    public InternedModel(SequentialModel<TState, TInput, TOutput> model, IReadOnlyList<TimedOperation<TInput, TOutput>> operations)
    {
        _model = model;
        _operations = operations;
        _states.Add(model.Initial);
        _numbers.Add(model.Initial, 0);
    }

    public int Initial => 0;

    public long BytesHeld => (_states.Count * (48L + Unsafe.SizeOf<TState>())) + (_steps.Count * 32L);

    public int Step(int state, int operation)
    {
        if (_steps.TryGetValue((state, operation), out int known))
        {
            return known;
        }

        TimedOperation<TInput, TOutput> timed = _operations[operation];
        int number = _model.TryStep(_states[state], timed.Input, timed.Output, timed.Interval.Return != Interval.Open, out TState next) ? NumberOf(next) : -1;
        _steps.Add((state, operation), number);
        return number;
    }

    public bool IsReadOnly(int operation) => _model.IsReadOnly(_operations[operation].Input);

    // Inputs need not have equality: each operation counts as different from all others.
    public long EffectOf(int operation) => operation;

    // Nothing is known of what its states lead to.
    public bool IsWithinReach(int state, int read) => true;

    public ReadOnlySpan<int> MakersOf(int read) => [];

    private int NumberOf(TState state)
    {
        if (!_numbers.TryGetValue(state, out int number))
        {
            number = _states.Count;
            _states.Add(state);
            _numbers.Add(state, number);
        }

        return number;
    }
}
