namespace Veche.Checking;

/// <summary>One broken rule.</summary>
/// <param name="Rule">Its name in the literature, such as <c>read-your-writes</c> or <c>G1a</c>.</param>
/// <param name="Text">What was seen, for a person.</param>
public sealed record Violation(string Rule, string Text)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Rule}: {Text}";
}
