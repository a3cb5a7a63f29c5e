using System.Globalization;
using System.Text;

namespace Veche.Cli.Simulate.Report;

/// <summary>
/// Texts that differ only in their numbers share a pattern, so that a hundred thousand events need a few hundred texts: <c>append 5..6</c> is
/// the pattern <c>append #..#</c> with 5 and 6. A number with a leading zero, or too long to be exact in a browser, stays in the pattern.
/// </summary>
internal sealed class TextTable
{
    private const int MostDigits = 15;

    private readonly Dictionary<string, int> _numbers = new(StringComparer.Ordinal);
    private readonly List<string> _patterns = [];
    private readonly StringBuilder _pattern = new();

    /// <summary>The patterns, by number.</summary>
    public IReadOnlyList<string> Patterns => _patterns;

    /// <summary>Takes a text apart.</summary>
    /// <param name="text">The text.</param>
    /// <param name="values">Gets what stands where the pattern says <c>#</c>: a number, or null for a <c>#</c> of the text itself.</param>
    /// <returns>The number of its pattern.</returns>
    public int Add(string text, List<long?> values)
    {
        _pattern.Clear();
        int i = 0;
        while (i < text.Length)
        {
            if (text[i] == '#')
            {
                values.Add(null);
                _pattern.Append('#');
                i++;
                continue;
            }

            int end = i;
            while (end < text.Length && char.IsAsciiDigit(text[end]))
            {
                end++;
            }

            if (end == i)
            {
                _pattern.Append(text[i++]);
                continue;
            }

            ReadOnlySpan<char> digits = text.AsSpan(i, end - i);
            if (digits.Length > MostDigits || (digits[0] == '0' && digits.Length > 1))
            {
                _pattern.Append(digits);
            }
            else
            {
                values.Add(long.Parse(digits, NumberStyles.None, CultureInfo.InvariantCulture));
                _pattern.Append('#');
            }

            i = end;
        }

        string pattern = _pattern.ToString();
        if (!_numbers.TryGetValue(pattern, out int number))
        {
            number = _patterns.Count;
            _numbers.Add(pattern, number);
            _patterns.Add(pattern);
        }

        return number;
    }
}
