using System.Globalization;

namespace Veche.Log;

/// <summary>One file of the log.</summary>
internal sealed class Segment(long sequence, IDiskFile file, long length) : IDisposable
{
    public const string SpareName = "wal-spare";
    private const string Prefix = "wal-";
    private const string Suffix = ".log";

    public long Sequence { get; } = sequence;

    public IDiskFile File { get; } = file;

    /// <summary>Room in the file, in bytes.</summary>
    public long Length { get; } = length;

    public string Name => NameOf(Sequence);

    public static string NameOf(long sequence) => $"{Prefix}{sequence.ToString("x16", CultureInfo.InvariantCulture)}{Suffix}";

    public static bool TryParse(string name, out long sequence)
    {
        sequence = 0;
        return name.Length == Prefix.Length + 16 + Suffix.Length && name.StartsWith(Prefix, StringComparison.Ordinal) && name.EndsWith(Suffix, StringComparison.Ordinal)
            && long.TryParse(name.AsSpan(Prefix.Length, 16), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out sequence) && sequence > 0;
    }

    public void Dispose() => File.Dispose();
}

/// <summary>Where a record is.</summary>
/// <param name="Segment">In which file.</param>
/// <param name="Offset">At which byte of it.</param>
/// <param name="Size">Its size in bytes.</param>
/// <param name="Term">Term of the entry.</param>
internal readonly record struct RecordLocation(Segment Segment, int Offset, int Size, long Term);
