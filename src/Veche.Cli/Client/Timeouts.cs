using System.Globalization;

namespace Veche.Cli.Client;

/// <summary>Spans of time as etcdctl's flags have them: 500ms, 5s, 1m; a bare number counts seconds.</summary>
internal static class Timeouts
{
    private static readonly (string Unit, double Seconds)[] Units = [("ms", 0.001), ("s", 1), ("m", 60), ("h", 3600), (string.Empty, 1)];

    public static bool TryParse(string text, out TimeSpan timeout)
    {
        foreach ((string unit, double seconds) in Units)
        {
            if (text.EndsWith(unit, StringComparison.Ordinal) && double.TryParse(text.AsSpan(0, text.Length - unit.Length), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double count))
            {
                timeout = TimeSpan.FromSeconds(Math.Min(count * seconds, TimeSpan.FromDays(1).TotalSeconds));
                return timeout > TimeSpan.Zero;
            }
        }

        timeout = default;
        return false;
    }
}
