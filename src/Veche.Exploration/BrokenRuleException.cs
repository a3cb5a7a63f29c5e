namespace Veche.Exploration;

/// <summary>A rule was found broken in the move that is being made.</summary>
internal sealed class BrokenRuleException(string rule, string detail) : Exception($"{rule}: {detail}")
{
    public string Rule { get; } = rule;

    public string Detail { get; } = detail;
}
