using System.Globalization;

namespace Veche.Cli.Simulate;

/// <summary>Seeds from one number through another.</summary>
internal readonly record struct SeedRange(ulong First, ulong Last)
{
    /// <summary>Reads <c>7</c> or <c>1..1000</c>.</summary>
    public static bool TryParse(string text, out SeedRange range)
    {
        range = default;
        int dots = text.IndexOf("..", StringComparison.Ordinal);
        if (!ulong.TryParse(dots < 0 ? text : text[..dots], NumberStyles.None, CultureInfo.InvariantCulture, out ulong first))
        {
            return false;
        }

        ulong last = first;
        if (dots >= 0 && (!ulong.TryParse(text[(dots + 2)..], NumberStyles.None, CultureInfo.InvariantCulture, out last) || last < first))
        {
            return false;
        }

        range = new SeedRange(first, last);
        return true;
    }
}
