using System.Globalization;
using System.Text;
using Google.Protobuf;
using Veche.Api;
using Veche.Cli.Client;
using Veche.Cli.Keys;

namespace Veche.Cli.Transactions;

/// <summary>Conditions as etcdctl writes them: <c>version("k") = 0</c>, <c>value("k") != "x"</c>.</summary>
internal static class Comparisons
{
    private static readonly (string Sign, Compare.Types.CompareResult Result)[] Signs =
    [
        ("!=", Compare.Types.CompareResult.NotEqual),
        ("==", Compare.Types.CompareResult.Equal),
        ("=", Compare.Types.CompareResult.Equal),
        (">", Compare.Types.CompareResult.Greater),
        ("<", Compare.Types.CompareResult.Less),
    ];

    /// <exception cref="CommandFailedException">It is none.</exception>
    public static Compare Parse(string text)
    {
        string line = text.Trim();
        int open = line.IndexOf('(', StringComparison.Ordinal);
        if (open < 0)
        {
            throw Wrong(text);
        }

        string key;
        int after;
        if (open + 1 < line.Length && line[open + 1] is '"' or '\'')
        {
            var word = new StringBuilder();
            after = Words.Quoted(line, open + 1, word) + 1;
            key = word.ToString();
        }
        else
        {
            after = line.IndexOf(')', open);
            key = after < 0 ? string.Empty : line[(open + 1)..after].Trim();
        }

        string rest = after >= 0 && after < line.Length && line[after] == ')' ? line[(after + 1)..].TrimStart() : throw Wrong(text);
        (string sign, Compare.Types.CompareResult result) = Signs.FirstOrDefault(candidate => rest.StartsWith(candidate.Sign, StringComparison.Ordinal));
        IReadOnlyList<string> operand = sign is null ? throw Wrong(text) : Words.Split(rest[sign.Length..]);
        if (operand.Count != 1)
        {
            throw Wrong(text);
        }

        var compare = new Compare { Key = ByteString.CopyFromUtf8(key), Result = result };
        SetOperand(compare, line[..open].Trim(), operand[0], text);
        return compare;
    }

    private static void SetOperand(Compare compare, string target, string operand, string text)
    {
        switch (target)
        {
            case "version" or "ver":
                compare.Target = Compare.Types.CompareTarget.Version;
                compare.Version = Number(operand, text);
                break;
            case "create" or "c":
                compare.Target = Compare.Types.CompareTarget.Create;
                compare.CreateRevision = Number(operand, text);
                break;
            case "mod" or "m":
                compare.Target = Compare.Types.CompareTarget.Mod;
                compare.ModRevision = Number(operand, text);
                break;
            case "value" or "val":
                compare.Target = Compare.Types.CompareTarget.Value;
                compare.Value = ByteString.CopyFromUtf8(operand);
                break;
            case "lease":
                compare.Target = Compare.Types.CompareTarget.Lease;
                compare.Lease = LeaseIds.Parse(operand);
                break;
            default:
                throw Wrong(text);
        }
    }

    private static long Number(string operand, string text) => long.TryParse(operand, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number) ? number : throw Wrong(text);

    private static CommandFailedException Wrong(string text) => new(
        ExitCode.Usage,
        $"'{text}' is no condition; it should look like version(\"k\") = 0, with version, create, mod, value or lease, and =, !=, > or <");
}
