namespace Veche.Checking.Histories;

/// <summary>Reads a history from JSON lines, as <c>docs/checking.md</c> describes them.</summary>
public static class HistoryReader
{
    private const int FirstBufferBytes = 1 << 16;

    /// <summary>Reads until the end of a stream.</summary>
    /// <param name="source">UTF-8, one JSON object a line; empty lines are passed over.</param>
    /// <param name="limits">How large it may be; null for <see cref="HistoryLimits.Default"/>.</param>
    /// <returns>The operations, paired and in order.</returns>
    /// <exception cref="HistoryFormatException">A line that cannot be read, is too long, or does not fit those before it.</exception>
    public static History Read(Stream source, HistoryLimits? limits = null)
    {
        limits ??= HistoryLimits.Default;
        var symbols = new Symbols();
        var parser = new LineParser(symbols);
        var builder = new HistoryBuilder(symbols, limits);
        byte[] buffer = new byte[Math.Min(FirstBufferBytes, limits.MaxLineBytes)];
        int held = 0;
        int line = 0;
        while (true)
        {
            int read = source.Read(buffer, held, buffer.Length - held);
            held += read;
            int start = 0;
            while (buffer.AsSpan(start, held - start).IndexOf((byte)'\n') is >= 0 and int length)
            {
                Take(buffer.AsSpan(start, length), ++line, parser, builder);
                start += length + 1;
            }

            if (read == 0)
            {
                Take(buffer.AsSpan(start, held - start), ++line, parser, builder);
                return builder.Build();
            }

            buffer.AsSpan(start, held - start).CopyTo(buffer);
            held -= start;
            if (held == buffer.Length)
            {
                if (held >= limits.MaxLineBytes)
                {
                    throw new HistoryFormatException(line + 1, $"is longer than the limit of {limits.MaxLineBytes} bytes");
                }

                Array.Resize(ref buffer, (int)Math.Min(limits.MaxLineBytes, buffer.Length * 2L));
            }
        }
    }

    private static void Take(ReadOnlySpan<byte> text, int line, LineParser parser, HistoryBuilder builder)
    {
        if (line == 1 && text.StartsWith("\uFEFF"u8))
        {
            text = text[3..];
        }

        text = text.Trim(" \t\r"u8);
        if (!text.IsEmpty && parser.TryParse(text, line, out RecordedEvent parsed))
        {
            builder.Add(parsed);
        }
    }
}
