using System.Globalization;

namespace Veche.Server.Options;

/// <summary>How much history is kept; what is older, the leader compacts away by itself.</summary>
/// <param name="Period">Keep what is younger than this; zero for no periodic compaction.</param>
/// <param name="Revisions">Keep this many revisions; 0 for no compaction by revisions.</param>
public sealed record AutoCompaction(TimeSpan Period, long Revisions)
{
    /// <summary>Keep all history.</summary>
    public static AutoCompaction Off { get; } = new(TimeSpan.Zero, 0);

    /// <summary>Reads etcd's two settings: a bare number is hours in the periodic mode, revisions in the other; otherwise a duration such as <c>90m</c> or <c>1h30m</c>.</summary>
    /// <exception cref="OptionException">The retention makes no sense.</exception>
    internal static AutoCompaction Parse(string mode, string retention)
    {
        if (long.TryParse(retention, NumberStyles.None, CultureInfo.InvariantCulture, out long number) && number <= int.MaxValue)
        {
            return mode == "revision" ? new AutoCompaction(TimeSpan.Zero, number) : new AutoCompaction(TimeSpan.FromHours(number), 0);
        }

        return mode == "periodic" && ParseDuration(retention) is { } period
            ? new AutoCompaction(period, 0)
            : throw new OptionException($"--auto-compaction-retention is {(mode == "revision" ? "a number of revisions such as 1000" : "a number of hours or a duration such as 90m")}, not '{retention}'");
    }

    private static TimeSpan? ParseDuration(string text)
    {
        double milliseconds = 0;
        int at = 0;
        while (at < text.Length)
        {
            int number = at;
            while (at < text.Length && (char.IsAsciiDigit(text[at]) || text[at] == '.'))
            {
                at++;
            }

            int unit = at;
            while (at < text.Length && char.IsAsciiLetter(text[at]))
            {
                at++;
            }

            double scale = text[unit..at] switch { "ms" => 1, "s" => 1000, "m" => 60_000, "h" => 3_600_000, _ => 0 };
            if (scale == 0 || !double.TryParse(text.AsSpan(number, unit - number), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double value))
            {
                return null;
            }

            milliseconds += value * scale;
        }

        return milliseconds is >= 100 and < 1e12 ? TimeSpan.FromMilliseconds(milliseconds) : null;
    }
}
