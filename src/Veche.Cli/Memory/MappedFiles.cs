using System.Globalization;
using System.Runtime.InteropServices;

namespace Veche.Cli.Memory;

/// <summary>
/// Pages of programs and libraries. Most of what a start touches is not needed again, but stays in the process until the system runs short.
/// Given back, it is still in the system's cache, and what is needed again comes back from there.
/// </summary>
/// <remarks>
/// For a page that is touched, Linux maps those around it too, 16 in all, but none of another mapping. What a member needs while it runs is scattered over a
/// large program, so most of what comes that way is never used. Large mappings are therefore cut into short ones. They differ in nothing but whether a
/// core dump has them, and pages of programs are in none. Each costs some hundred bytes in the kernel.
/// </remarks>
internal static partial class MappedFiles
{
    private const string Mappings = "/proc/self/smaps";
    private const int DontNeed = 4;
    private const int DontDump = 16;

    /// <summary>From here on a mapping is worth cutting.</summary>
    private const nuint LargeBytes = 1 << 20;

    private const nuint PieceBytes = 16 << 10;

    /// <summary>Gives back every page that is the same as in its file. Does nothing where the system is not Linux.</summary>
    public static void GiveBack()
    {
        if (!File.Exists(Mappings))
        {
            return;
        }

        // The list is read as a whole first: it changes when a mapping is cut.
        (nint Start, nuint Bytes)? mapping = null;
        foreach (string line in File.ReadAllLines(Mappings))
        {
            if (TryReadHeader(line, out (nint Start, nuint Bytes)? begun))
            {
                mapping = begun;
            }
            else if (mapping is { } candidate && line.StartsWith("Anonymous:", StringComparison.Ordinal))
            {
                // What was changed after it was mapped, by relocation for example, is in no file and must stay.
                if (line.AsSpan("Anonymous:".Length).Trim().StartsWith("0 ", StringComparison.Ordinal))
                {
                    Cut(candidate.Start, candidate.Bytes);
                    _ = Advise(candidate.Start, candidate.Bytes, DontNeed);
                }

                mapping = null;
            }
        }
    }

    private static void Cut(nint start, nuint bytes)
    {
        if (bytes < LargeBytes)
        {
            return;
        }

        for (nuint offset = 0; offset < bytes; offset += 2 * PieceBytes)
        {
            _ = Advise(start + (nint)offset, nuint.Min(PieceBytes, bytes - offset), DontDump);
        }
    }

    /// <summary>Understands <c>55c9412eb000-55c941feb000 r-xp 00725000 fe:00 1234 /usr/bin/veche</c>.</summary>
    /// <param name="line">Any line of the list.</param>
    /// <param name="mapping">Where it is; null when it is not a file's, or can be written.</param>
    /// <returns>Whether it begins a mapping.</returns>
    private static bool TryReadHeader(string line, out (nint Start, nuint Bytes)? mapping)
    {
        mapping = null;
        int dash = line.IndexOf('-', StringComparison.Ordinal);
        int space = line.IndexOf(' ', StringComparison.Ordinal);
        if (dash <= 0 || space <= dash
            || !nint.TryParse(line.AsSpan(0, dash), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out nint start)
            || !nint.TryParse(line.AsSpan(dash + 1, space - dash - 1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out nint end))
        {
            return false;
        }

        ReadOnlySpan<char> access = line.AsSpan(space + 1);
        if (access.StartsWith("r--p", StringComparison.Ordinal) || access.StartsWith("r-xp", StringComparison.Ordinal))
        {
            if (line.Contains(" /", StringComparison.Ordinal))
            {
                mapping = (start, (nuint)(end - start));
            }
        }

        return true;
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(nint start, nuint bytes, int advice);
}
