using System.Globalization;
using System.Text;

namespace Veche.Server.Audit;

/// <summary>A trail read back, by whoever wants to know, also while its member writes it.</summary>
public static class AuditReader
{
    /// <summary>A line of a member's trail is megabytes at most: a transaction names many keys, and no values.</summary>
    private const int MaxLineChars = 64 << 20;

    /// <summary>Reads the lines of a directory in order, and checks each: that it follows the one before, and that no index is missing without a word.</summary>
    /// <param name="directory">What <c>--veche-audit-dir</c> named.</param>
    /// <exception cref="AuditDamagedException">A line is not what was written, or one is missing; what comes after it is not read.</exception>
    /// <exception cref="DirectoryNotFoundException">There is no such directory, or no trail in it.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static IEnumerable<AuditLine> Read(string directory)
    {
        string[] files = Directory.Exists(directory) ? [.. Directory.EnumerateFiles(directory).Where(static path => AuditTrail.IsFileOfTrail(Path.GetFileName(path))).Order(StringComparer.Ordinal)] : [];
        if (files.Length == 0)
        {
            throw new DirectoryNotFoundException($"there is no audit trail in {directory}: its files are called audit-*.jsonl");
        }

        string? previous = null;
        long? next = null;
        foreach (string file in files)
        {
            int number = 0;
            foreach (string text in Lines(file, isLast: file == files[^1]))
            {
                number++;
                AuditLine line = Parse(file, number, text, previous);
                if (line.Kind != AuditLineKind.Head)
                {
                    if (next is not null && line.From != next)
                    {
                        throw new AuditDamagedException(file, number, string.Create(CultureInfo.InvariantCulture, $"index {next} should be here, and it is about {line.From}"));
                    }

                    next = line.Through + 1;
                }

                previous = line.Hash;
                yield return line;
            }
        }
    }

    private static AuditLine Parse(string file, int number, string text, string? previous)
    {
        try
        {
            // The first line of the first file says itself what it follows: files before it may have been taken away.
            AuditLine line = AuditLine.Parse(text, previous);
            return number == 1 == (line.Kind == AuditLineKind.Head) ? line : throw new InvalidDataException(number == 1 ? "a file must begin with whose trail it is" : "only the first line of a file says whose trail it is");
        }
        catch (InvalidDataException exception)
        {
            throw new AuditDamagedException(file, number, exception.Message);
        }
    }

    /// <summary>Whole lines. What the member has not finished writing is at the end of the last file, and is no line yet.</summary>
    private static IEnumerable<string> Lines(string file, bool isLast)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var reader = new StreamReader(stream, new UTF8Encoding(false));
        var line = new StringBuilder();
        char[] buffer = new char[1 << 16];
        int number = 1;
        for (int read = reader.Read(buffer); read > 0; read = reader.Read(buffer))
        {
            int at = 0;
            for (int end = Array.IndexOf(buffer, '\n', 0, read); end >= 0; end = Array.IndexOf(buffer, '\n', at, read - at))
            {
                line.Append(buffer, at, end - at);
                at = end + 1;
                number++;
                yield return line.ToString();
                line.Clear();
            }

            line.Append(buffer, at, read - at);
            if (line.Length > MaxLineChars)
            {
                throw new AuditDamagedException(file, number, "it has no end");
            }
        }

        if (line.Length > 0 && !isLast)
        {
            throw new AuditDamagedException(file, number, "it has no end, and there are files after this one");
        }
    }
}

/// <summary>A trail is not as it was written.</summary>
public sealed class AuditDamagedException : FormatException
{
    /// <summary>Says where and what.</summary>
    public AuditDamagedException(string file, int line, string what)
        : base(string.Create(CultureInfo.InvariantCulture, $"{file}, line {line}: {what}"))
    {
    }
}
