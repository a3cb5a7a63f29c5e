using Veche.Exploration.Search;
using Veche.Exploration.Telling;

namespace Veche.Exploration;

/// <summary>Looks at every state within a scenario's bounds, nearest first, so that the way to a violation is a shortest one.</summary>
public sealed class Explorer
{
    private const int AskEvery = 1 << 14;

    private readonly Scenario _scenario;
    private readonly ExploreLimits _limits;
    private readonly Universe _universe;
    private readonly FingerprintSet _seen = new();
    private readonly List<(int Before, uint Move)> _ways = [];
    private readonly List<Sometimes> _notReached;
    private readonly List<Move> _moves = [];
    private List<(GlobalState State, int Number)> _layer = [];
    private List<(GlobalState State, int Number)> _nextLayer = [];
    private long _transitions;
    private int _depth;

    private Explorer(Scenario scenario, ExploreLimits limits)
    {
        _scenario = scenario;
        _limits = limits;
        _universe = new Universe(scenario, limits.UseSymmetry);
        _notReached = [.. scenario.Sometimes];
    }

    /// <summary>Explores a scenario.</summary>
    /// <exception cref="ArgumentException">The scenario is out of its ranges.</exception>
    public static ExploreResult Explore(Scenario scenario, ExploreLimits? limits = null) => new Explorer(scenario, limits ?? new ExploreLimits()).Run();

    private ExploreResult Run()
    {
        Found(_universe.First, -1, default);
        while (_nextLayer.Count > 0)
        {
            (_layer, _nextLayer) = (_nextLayer, _layer);
            _nextLayer.Clear();
            for (int i = 0; i < _layer.Count; i++)
            {
                (GlobalState state, int number) = _layer[i];
                _layer[i] = default;
                if (Expand(state, number) is { } violated)
                {
                    return violated;
                }

                if ((i & (AskEvery - 1)) == 0 && Limit(_layer.Count - i) is { } reason)
                {
                    return Result(ExploreVerdict.GaveUp, reason);
                }
            }

            _depth++;
        }

        _depth--;
        return _notReached.Count == 0
            ? Result(ExploreVerdict.Complete, string.Empty)
            : Result(ExploreVerdict.NotReached, $"never reached: {string.Join("; ", _notReached.Select(static sometimes => sometimes.Description))}");
    }

    private ExploreResult? Expand(GlobalState state, int number)
    {
        _moves.Clear();
        _universe.AddMoves(state, _moves);
        foreach (Move move in _moves)
        {
            try
            {
                if (_universe.After(state, move) is { } next)
                {
                    _transitions++;
                    Found(next, number, move);
                }
            }
            catch (BrokenRuleException broken)
            {
                _depth++;
                return Result(ExploreVerdict.Violated, broken.Message) with { Trace = Trace(number, move) };
            }
        }

        return null;
    }

    private void Found(GlobalState state, int before, Move move)
    {
        if (!_seen.Add(state.Fingerprint))
        {
            return;
        }

        _nextLayer.Add((state, _ways.Count));
        _ways.Add((before, move.Packed));
        if (_notReached.Count > 0)
        {
            MemberView[] views = [.. state.Members.Select(Narrator.ViewOf)];
            _notReached.RemoveAll(sometimes => sometimes.Holds(views));
        }
    }

    private string? Limit(int inLayer)
    {
        long memory = GC.GetTotalMemory(forceFullCollection: false);
        return _seen.Count >= _limits.MaxStates ? $"more than {_limits.MaxStates} states; raise --max-states or lower the bounds"
            : memory > _limits.MaxMemoryBytes && GC.GetTotalMemory(forceFullCollection: true) > _limits.MaxMemoryBytes ? $"more than {_limits.MaxMemoryBytes >> 20} MiB in use; raise --max-memory or lower the bounds"
            : !_limits.GoOn(new ExploreProgress(_seen.Count, inLayer + _nextLayer.Count, _depth)) ? "the time was up"
            : null;
    }

    private List<string> Trace(int number, Move last)
    {
        var moves = new List<Move> { last };
        for (int at = number; _ways[at].Before >= 0; at = _ways[at].Before)
        {
            moves.Add(Move.Unpack(_ways[at].Move));
        }

        moves.Reverse();
        return Narrator.Tell(_scenario, _universe, moves);
    }

    private ExploreResult Result(ExploreVerdict verdict, string reason) => new()
    {
        Scenario = _scenario,
        Verdict = verdict,
        Reason = reason,
        States = _seen.Count,
        Transitions = _transitions,
        Depth = _depth,
        MemberStates = _universe.Members.Count,
        Messages = _universe.Messages.Count,
        CoreSteps = _universe.Members.Steps,
    };
}
