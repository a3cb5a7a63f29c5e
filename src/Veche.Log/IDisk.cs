namespace Veche.Log;

/// <summary>
/// One directory of files: the seam between the log and the world. <see cref="RealDisk"/> is the only implementation in this
/// assembly that touches a file system; tests and the simulator bring their own, with faults. Names are plain file names, without separators.
/// Every failure is an <see cref="IOException"/>.
/// </summary>
public interface IDisk
{
    /// <summary>Names of all files, in ordinal order.</summary>
    IReadOnlyList<string> List();

    /// <summary>Opens an existing file, or creates an empty one.</summary>
    IDiskFile Open(string name);

    /// <summary>True when the file exists.</summary>
    bool Exists(string name);

    /// <summary>Renames a file, replacing <paramref name="to"/> if it exists. Durable only after <see cref="SyncDirectory"/>.</summary>
    void Rename(string from, string to);

    /// <summary>Removes a file. Durable only after <see cref="SyncDirectory"/>.</summary>
    void Delete(string name);

    /// <summary>Makes created, renamed and deleted names durable.</summary>
    void SyncDirectory();

    /// <summary>Bytes that can still be written before the disk is full.</summary>
    long FreeBytes { get; }
}

/// <summary>An open file. What was written is durable only after <see cref="Sync"/>.</summary>
public interface IDiskFile : IDisposable
{
    /// <summary>Length in bytes.</summary>
    long Length { get; }

    /// <summary>Reads up to the length of <paramref name="buffer"/> at an offset; returns how many bytes there were, 0 past the end.</summary>
    int Read(long offset, Span<byte> buffer);

    /// <summary>Writes all of <paramref name="data"/> at an offset, growing the file if needed.</summary>
    void Write(long offset, ReadOnlySpan<byte> data);

    /// <summary>Grows the file to this length with zeros that are really allocated, so that later syncs write no metadata; never shrinks.</summary>
    void Preallocate(long length);

    /// <summary>Cuts the file to this length.</summary>
    void Truncate(long length);

    /// <summary>Makes everything written so far durable (fdatasync). After a failure the contents are unknown and the file must not be used again.</summary>
    void Sync();
}
