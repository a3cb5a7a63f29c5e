namespace Veche.Checking.Transactions;

/// <summary>Gathers anomalies by name; of each name the first few are told, and all are counted.</summary>
internal sealed class AnomalyLog
{
    private const int MaxOfOneName = 3;
    private readonly Dictionary<string, int> _counts = new(StringComparer.Ordinal);

    public List<Violation> Violations { get; } = [];

    /// <summary>Further lines for the counter-example.</summary>
    public List<string> Details { get; } = [];

    public void Add(string name, Func<string> text)
    {
        int count = _counts.GetValueOrDefault(name) + 1;
        _counts[name] = count;
        if (count <= MaxOfOneName)
        {
            Violations.Add(new Violation(name, text()));
        }
    }

    public string Summary => string.Join(", ", _counts.Select(static pair => pair.Value == 1 ? pair.Key : $"{pair.Key} ({pair.Value} times)"));
}
