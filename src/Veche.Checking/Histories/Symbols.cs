using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Veche.Checking.Histories;

/// <summary>
/// The scalars of a history, each once. Operations name them by number, so that equality is equality of numbers.
/// A string and a number are never the same; 1, 1.0 and 1e0 are.
/// </summary>
public sealed class Symbols
{
    /// <summary>The symbol of <c>null</c>: an absent value, and the key of a history with one register.</summary>
    public const int Null = 0;

    private const int MaxDirect = 1 << 20;

    private readonly List<Symbol> _all = [new Symbol("null", string.Empty)];
    private readonly Dictionary<long, int> _integers = [];
    private readonly Dictionary<string, int> _numbers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _strings = new(StringComparer.Ordinal);
    private readonly int[] _booleans = [-1, -1];

    // Most numbers in histories count up from nothing; they find their symbol by their own value.
    private int[] _direct = [];

    /// <summary>How many there are.</summary>
    public int Count => _all.Count;

    /// <summary>The symbol of an integer.</summary>
    /// <param name="value">Any.</param>
    public int Of(long value)
    {
        if ((ulong)value < MaxDirect)
        {
            if (value >= _direct.Length)
            {
                Array.Resize(ref _direct, (int)Math.Max(value + 1, Math.Min(MaxDirect, Math.Max(256, _direct.Length * 2L))));
            }

            ref int direct = ref _direct[value];
            return direct != 0 ? direct : direct = Add(value.ToString(CultureInfo.InvariantCulture));
        }

        if (!_integers.TryGetValue(value, out int symbol))
        {
            symbol = Add(value.ToString(CultureInfo.InvariantCulture));
            _integers.Add(value, symbol);
        }

        return symbol;
    }

    /// <summary>The symbol of a string.</summary>
    /// <param name="value">Any; null is <see cref="Null"/>.</param>
    public int Of(string? value)
    {
        if (value is null)
        {
            return Null;
        }

        if (!_strings.TryGetValue(value, out int symbol))
        {
            symbol = _all.Count;
            _all.Add(new Symbol(null, value));
            _strings.Add(value, symbol);
        }

        return symbol;
    }

    /// <summary>The symbol of a truth value.</summary>
    /// <param name="value">Either.</param>
    public int Of(bool value)
    {
        ref int symbol = ref _booleans[value ? 1 : 0];
        return symbol >= 0 ? symbol : symbol = Add(value ? "true" : "false");
    }

    /// <summary>A symbol as JSON would have it: strings in quotation marks.</summary>
    /// <param name="symbol">One of this table's.</param>
    public string Show(int symbol) => _all[symbol].Number ?? JsonSerializer.Serialize(_all[symbol].Text, SymbolJson.Default.String);

    /// <summary>A symbol as text: a string itself, a number as it is written, nothing for <see cref="Null"/>.</summary>
    /// <param name="symbol">One of this table's.</param>
    public string TextOf(int symbol) => _all[symbol].Text;

    /// <summary>The symbol of a scalar that is written in JSON.</summary>
    /// <param name="json">A string, number, truth value or null, in UTF-8.</param>
    /// <exception cref="FormatException">It is none of these.</exception>
    public int OfJson(ReadOnlySpan<byte> json)
    {
        try
        {
            var reader = new Utf8JsonReader(json);
            reader.Read();
            int? symbol = OfToken(ref reader);
            return symbol is { } found && !reader.Read() ? found : throw new FormatException("is no scalar");
        }
        catch (JsonException exception)
        {
            throw new FormatException("is no JSON", exception);
        }
    }

    /// <summary>The symbol of the scalar that a reader is at, or null when it is at none.</summary>
    internal int? OfToken(ref Utf8JsonReader reader) => reader.TokenType switch
    {
        JsonTokenType.Null => Null,
        JsonTokenType.Number => reader.TryGetInt64(out long integer) ? Of(integer) : OfNumber(Encoding.ASCII.GetString(reader.ValueSpan)),
        JsonTokenType.String => Of(reader.GetString()),
        JsonTokenType.True => Of(true),
        JsonTokenType.False => Of(false),
        _ => null,
    };

    /// <summary>The symbol of a number that is no <see cref="long"/>, as it was written.</summary>
    internal int OfNumber(string written)
    {
        string text = written;
        if (written.AsSpan().IndexOfAny('.', 'e', 'E') >= 0)
        {
            if (decimal.TryParse(written, NumberStyles.Float, CultureInfo.InvariantCulture, out decimal value) && Fits(written, value))
            {
                if (value == decimal.Truncate(value) && value >= long.MinValue && value <= long.MaxValue)
                {
                    return Of((long)value);
                }

                text = value.ToString("G29", CultureInfo.InvariantCulture);
            }
            else
            {
                text = double.Parse(written, NumberStyles.Float, CultureInfo.InvariantCulture).ToString("R", CultureInfo.InvariantCulture);
            }
        }

        if (!_numbers.TryGetValue(text, out int symbol))
        {
            symbol = Add(text);
            _numbers.Add(text, symbol);
        }

        return symbol;
    }

    // A decimal keeps 28 digits and drops what is smaller; a number that it would change is left to double.
    private static bool Fits(string written, decimal value) => written.Length <= 28 && (value != 0 || double.Parse(written, CultureInfo.InvariantCulture) == 0);

    private int Add(string number)
    {
        _all.Add(new Symbol(number, number));
        return _all.Count - 1;
    }

    private readonly record struct Symbol(string? Number, string Text);
}
