namespace Veche.Checking.Histories;

/// <summary>A history that cannot be read, and where.</summary>
public sealed class HistoryFormatException : Exception
{
    /// <summary>An error in a line.</summary>
    /// <param name="line">From 1.</param>
    /// <param name="problem">What is wrong with it.</param>
    public HistoryFormatException(int line, string problem)
        : base($"line {line}: {problem}")
    {
        Line = line;
    }

    /// <summary>The line, from 1.</summary>
    public int Line { get; }
}
