namespace Veche.Exploration;

/// <summary>How an exploration ended.</summary>
public enum ExploreVerdict
{
    /// <summary>Every state within the bounds was looked at, and no rule is broken in any.</summary>
    Complete,

    /// <summary>A rule is broken; there is no shorter way to it.</summary>
    Violated,

    /// <summary>Every state was looked at, and something that must be reached was not.</summary>
    NotReached,

    /// <summary>It gave up at a limit: what lies beyond is not known.</summary>
    GaveUp,
}

/// <summary>What an exploration found.</summary>
public sealed record ExploreResult
{
    /// <summary>The scenario.</summary>
    public required Scenario Scenario { get; init; }

    /// <summary>How it ended.</summary>
    public required ExploreVerdict Verdict { get; init; }

    /// <summary>For a violation the rule and how it is broken; for the others what there is to say, or empty.</summary>
    public required string Reason { get; init; }

    /// <summary>Different states.</summary>
    public required int States { get; init; }

    /// <summary>Moves tried that did something.</summary>
    public required long Transitions { get; init; }

    /// <summary>Most moves on the shortest way to any state.</summary>
    public required int Depth { get; init; }

    /// <summary>Different states of single members.</summary>
    public required int MemberStates { get; init; }

    /// <summary>Different messages.</summary>
    public required int Messages { get; init; }

    /// <summary>Steps that the real core was made to take.</summary>
    public required long CoreSteps { get; init; }

    /// <summary>For a violation, the shortest way to it, a line each move.</summary>
    public IReadOnlyList<string> Trace { get; init; } = [];
}
