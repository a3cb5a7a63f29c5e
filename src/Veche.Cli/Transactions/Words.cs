using System.Text;
using Veche.Cli.Client;

namespace Veche.Cli.Transactions;

/// <summary>Takes a line apart as a shell would: words between blanks, "…" with \ before what is meant literally, '…' as it is.</summary>
internal static class Words
{
    private const string Escaped = "nrt0\"\\'";
    private const string Meant = "\n\r\t\0\"\\'";

    /// <exception cref="CommandFailedException">A quote is not closed, or what follows a backslash means nothing.</exception>
    public static IReadOnlyList<string> Split(string line)
    {
        List<string> words = [];
        var word = new StringBuilder();
        bool inWord = false;
        for (int i = 0; i < line.Length; i++)
        {
            switch (line[i])
            {
                case '"' or '\'':
                    inWord = true;
                    i = Quoted(line, i, word);
                    break;
                case var blank when char.IsWhiteSpace(blank):
                    if (inWord)
                    {
                        words.Add(word.ToString());
                        word.Clear();
                        inWord = false;
                    }

                    break;
                default:
                    inWord = true;
                    word.Append(line[i]);
                    break;
            }
        }

        if (inWord)
        {
            words.Add(word.ToString());
        }

        return words;
    }

    /// <summary>Reads a quoted part.</summary>
    /// <returns>Where its closing quote is.</returns>
    public static int Quoted(string line, int start, StringBuilder word)
    {
        char quote = line[start];
        for (int i = start + 1; i < line.Length; i++)
        {
            if (line[i] == quote)
            {
                return i;
            }

            if (quote == '"' && line[i] == '\\' && i + 1 < line.Length)
            {
                int meant = Escaped.IndexOf(line[++i], StringComparison.Ordinal);
                word.Append(meant >= 0 ? Meant[meant] : throw new CommandFailedException(ExitCode.Usage, $"\\{line[i]} means nothing in {line}; there are \\n \\r \\t \\0 \\\" \\' \\\\"));
            }
            else
            {
                word.Append(line[i]);
            }
        }

        throw new CommandFailedException(ExitCode.Usage, $"a {quote} is not closed in: {line}");
    }
}
