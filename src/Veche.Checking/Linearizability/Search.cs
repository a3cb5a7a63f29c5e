using System.Diagnostics;

namespace Veche.Checking.Linearizability;

/// <summary>
/// The search of Wing and Gong (1993) with the memory of Lowe (2017): place the operations one after another, each before the first return of one
/// that is not placed, step back when nothing fits, and never go on twice from the same configuration.
/// </summary>
/// <typeparam name="TModel">A readonly struct, so that its steps are called directly.</typeparam>
internal sealed class Search<TModel>
    where TModel : IOperationModel
{
    private const int StepsBetweenLooks = 1 << 12;
    private const int ReadsAhead = 8;
    private const int EntriesAhead = 128;

    private readonly Timeline _timeline;
    private readonly PlacedSet _placed;
    private readonly ConfigurationCache _seen = new();
    private readonly Placement[] _stack;
    private readonly int[] _longest;
    private readonly int[] _olderTwin;
    private readonly bool[] _isAwaitedRead;
    private readonly TModel _model;
    private readonly CheckLimits _limits;
    private readonly long _started = Stopwatch.GetTimestamp();

    private int _depth;
    private int _remaining;
    private int _state;
    private long _steps;

    // The longest order is copied only where it has changed since it was last copied.
    private int _longestDepth;
    private int _unchangedDepth;
    private int _furthestReturn;

    public Search(TModel model, ReadOnlySpan<Interval> intervals, CheckLimits limits)
    {
        _model = model;
        _limits = limits;
        _timeline = new Timeline(intervals);
        _placed = new PlacedSet(_timeline, intervals.Length);
        _stack = new Placement[intervals.Length];
        _longest = new int[intervals.Length];
        _olderTwin = OlderTwins(intervals.Length);
        _isAwaitedRead = new bool[intervals.Length];
        for (int i = 0; i < intervals.Length; i++)
        {
            _isAwaitedRead[i] = limits.LooksAhead && !_timeline.IsOpen(i) && model.IsReadOnly(i);
        }

        _remaining = _placed.CompletedCount;
        _state = model.Initial;
    }

    public LinearizabilityResult Run()
    {
        int entry = PlaceReads();
        long nextLook = StepsBetweenLooks;
        while (_remaining > 0)
        {
            if (_steps >= _limits.Steps)
            {
                return Unknown("the limit of steps was reached");
            }

            if (_steps >= nextLook)
            {
                nextLook = _steps + StepsBetweenLooks;
                if (Stopwatch.GetElapsedTime(_started) > _limits.Time)
                {
                    return Unknown("time ran out");
                }

                if (_seen.BytesHeld + _model.BytesHeld > _limits.MemoryBytes)
                {
                    return Unknown("memory ran out");
                }
            }

            if (!_timeline.IsReturn(entry))
            {
                entry = TryPlace(_timeline.OperationAt(entry)) ? PlaceReads() : _timeline.Next(entry);
                continue;
            }

            NoteDeadEnd(entry);
            entry = StepBack();
            if (entry == 0)
            {
                return new LinearizabilityResult(Verdict.Invalid, _longest[.._longestDepth], _timeline.OperationAt(_furthestReturn), _steps, null);
            }
        }

        int[] order = new int[_depth];
        for (int i = 0; i < _depth; i++)
        {
            order[i] = _stack[i].Operation;
        }

        return new LinearizabilityResult(Verdict.Valid, order, -1, _steps, null);
    }

    private LinearizabilityResult Unknown(string reason)
    {
        NoteLongest();
        return new LinearizabilityResult(Verdict.Unknown, _longest[.._longestDepth], -1, _steps, reason);
    }

    /// <summary>
    /// Places every operation that changes nothing and fits now. It never needs to be taken back by itself: whatever order comes later,
    /// moving this operation to the front of it changes nothing for the others. Returns where to go on.
    /// </summary>
    private int PlaceReads()
    {
        for (int entry = _timeline.First; entry != 0 && !_timeline.IsReturn(entry); entry = _timeline.Next(entry))
        {
            int operation = _timeline.OperationAt(entry);
            if (_model.IsReadOnly(operation) && !_timeline.IsOpen(operation))
            {
                _steps++;
                if (_model.Step(_state, operation) == _state)
                {
                    Place(operation, _state, isChoice: false);
                }
            }
        }

        return _timeline.First;
    }

    private bool TryPlace(int operation)
    {
        _steps++;
        bool isOpen = _timeline.IsOpen(operation);
        if (isOpen && _olderTwin[operation] >= 0 && !_placed.Contains(_olderTwin[operation]))
        {
            return false;
        }

        int next = _model.Step(_state, operation);
        if (next < 0 || (isOpen && next == _state))
        {
            // What may as well never have happened need not happen without effect.
            return false;
        }

        (int First, int End) bounds = _placed.Bounds;
        _placed.Add(operation);
        bool isNew = !IsHopeless(next) && _seen.Add(_placed, next);
        _placed.Remove(operation, bounds);
        if (isNew)
        {
            Place(operation, next, isChoice: true);
        }

        return isNew;
    }

    /// <summary>Whether one of the next reads can never have its result again. Looking at a few is enough: the search comes to the others in time.</summary>
    private bool IsHopeless(int state)
    {
        int reads = 0;
        int looked = 0;
        for (int entry = _timeline.First; entry != 0 && reads < ReadsAhead && looked < EntriesAhead; entry = _timeline.Next(entry), looked++)
        {
            int operation = _timeline.OperationAt(entry);
            if (_timeline.IsReturn(entry) || !_isAwaitedRead[operation])
            {
                continue;
            }

            reads++;
            if (!_model.IsWithinReach(state, operation) && AreAllPlaced(_model.MakersOf(operation)))
            {
                // Without looking ahead this branch would have ended at this return or before.
                _furthestReturn = Math.Max(_furthestReturn, _timeline.ReturnOf(operation));
                return true;
            }
        }

        return false;
    }

    private bool AreAllPlaced(ReadOnlySpan<int> operations)
    {
        foreach (int operation in operations)
        {
            if (!_placed.Contains(operation))
            {
                return false;
            }
        }

        return true;
    }

    private void Place(int operation, int next, bool isChoice)
    {
        _stack[_depth++] = new Placement(operation, _state, isChoice, _placed.Bounds.First, _placed.Bounds.End);
        _placed.Add(operation);
        _timeline.Unlink(operation);
        _remaining -= _timeline.IsOpen(operation) ? 0 : 1;
        _state = next;
    }

    /// <summary>Takes back the last choice; returns what to try instead, or 0 when there was none.</summary>
    private int StepBack()
    {
        while (_depth > 0)
        {
            Placement last = _stack[--_depth];
            _unchangedDepth = Math.Min(_unchangedDepth, _depth);
            _state = last.StateBefore;
            _placed.Remove(last.Operation, (last.FirstBefore, last.EndBefore));
            _timeline.Link(last.Operation);
            _remaining += _timeline.IsOpen(last.Operation) ? 0 : 1;
            if (last.IsChoice)
            {
                return _timeline.Next(_timeline.CallOf(last.Operation));
            }
        }

        return 0;
    }

    private void NoteDeadEnd(int returnEntry)
    {
        _furthestReturn = Math.Max(_furthestReturn, returnEntry);
        NoteLongest();
    }

    private void NoteLongest()
    {
        if (_depth > _longestDepth)
        {
            for (int i = _unchangedDepth; i < _depth; i++)
            {
                _longest[i] = _stack[i].Operation;
            }

            _longestDepth = _depth;
            _unchangedDepth = _depth;
        }
    }

    private int[] OlderTwins(int operations)
    {
        int[] older = new int[operations];
        Dictionary<long, int> latest = [];
        for (int entry = _timeline.First; entry != 0; entry = _timeline.Next(entry))
        {
            int operation = _timeline.OperationAt(entry);
            if (!_timeline.IsReturn(entry) && _timeline.IsOpen(operation))
            {
                long effect = _model.EffectOf(operation);
                older[operation] = latest.GetValueOrDefault(effect, -1);
                latest[effect] = operation;
            }
        }

        return older;
    }

    private readonly record struct Placement(int Operation, int StateBefore, bool IsChoice, int FirstBefore, int EndBefore);
}
