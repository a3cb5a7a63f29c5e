using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

// The one place of the deterministic core that touches a file system.
#pragma warning disable RS0030

namespace Veche.Log;

/// <summary>A directory of a real file system, held by one process at a time.</summary>
public sealed class RealDisk : IDisk, IDisposable
{
    private const string LockName = "lock";
    private readonly string _directory;
    private readonly FileStream _lock;

    /// <summary>Opens a directory, creating it (for its owner alone) when it is missing.</summary>
    /// <exception cref="DirectoryInUseException">Another process has it.</exception>
    /// <exception cref="IOException">It cannot be created or written.</exception>
    public RealDisk(string directory)
    {
        _directory = Path.GetFullPath(directory);
        try
        {
            if (OperatingSystem.IsWindows())
            {
                Directory.CreateDirectory(_directory);
            }
            else
            {
                Directory.CreateDirectory(_directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            }
        }
        catch (UnauthorizedAccessException exception)
        {
            throw new IOException($"the data directory {_directory} cannot be created: {exception.Message}", exception);
        }

        try
        {
            _lock = new FileStream(Path.Combine(_directory, LockName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1);
        }
        catch (IOException)
        {
            throw new DirectoryInUseException($"another process is using the data directory {_directory}. Stop it, or give this member another directory.");
        }
        catch (UnauthorizedAccessException exception)
        {
            throw new IOException($"the data directory {_directory} cannot be written: {exception.Message}", exception);
        }
    }

    /// <inheritdoc/>
    public long FreeBytes => new DriveInfo(_directory).AvailableFreeSpace;

    /// <inheritdoc/>
    public IReadOnlyList<string> List()
    {
        List<string> names = [];
        foreach (string path in Directory.EnumerateFiles(_directory))
        {
            string name = Path.GetFileName(path);
            if (name != LockName)
            {
                names.Add(name);
            }
        }

        names.Sort(StringComparer.Ordinal);
        return names;
    }

    /// <inheritdoc/>
    public bool Exists(string name) => File.Exists(PathOf(name));

    /// <inheritdoc/>
    public IDiskFile Open(string name) =>
        new RealFile(File.OpenHandle(PathOf(name), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete));

    /// <inheritdoc/>
    public void Rename(string from, string to) => File.Move(PathOf(from), PathOf(to), overwrite: true);

    /// <inheritdoc/>
    public void Delete(string name) => File.Delete(PathOf(name));

    /// <inheritdoc/>
    public void SyncDirectory()
    {
        if (OperatingSystem.IsWindows())
        {
            // NTFS journals names by itself.
            return;
        }

        int descriptor = NativeMethods.Open(_directory, 0);
        if (descriptor < 0)
        {
            throw Failed("open");
        }

        try
        {
            if (NativeMethods.FSync(descriptor) != 0)
            {
                throw Failed("fsync");
            }
        }
        finally
        {
            _ = NativeMethods.Close(descriptor);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _lock.Dispose();

    private string PathOf(string name) => Path.Combine(_directory, name);

    private static IOException Failed(string call) => new($"{call} failed: {Marshal.GetLastPInvokeErrorMessage()}");

    private sealed class RealFile(SafeFileHandle handle) : IDiskFile
    {
        private const int ZeroChunkBytes = 1 << 20;

        public long Length => RandomAccess.GetLength(handle);

        public int Read(long offset, Span<byte> buffer)
        {
            int total = 0;
            while (total < buffer.Length)
            {
                int read = RandomAccess.Read(handle, buffer[total..], offset + total);
                if (read == 0)
                {
                    break;
                }

                total += read;
            }

            return total;
        }

        public void Write(long offset, ReadOnlySpan<byte> data) => RandomAccess.Write(handle, data, offset);

        public void Preallocate(long length)
        {
            // Written zeros, not a reservation: blocks that are only reserved cost a metadata write at the first sync after each use.
            long position = Length;
            byte[] zeros = new byte[(int)Math.Min(ZeroChunkBytes, Math.Max(0, length - position))];
            while (position < length)
            {
                int count = (int)Math.Min(zeros.Length, length - position);
                RandomAccess.Write(handle, zeros.AsSpan(0, count), position);
                WaitUntilWritten(position, count);
                position += count;
            }
        }

        public void Truncate(long length) => RandomAccess.SetLength(handle, length);

        public void Sync()
        {
            if (!OperatingSystem.IsLinux())
            {
                RandomAccess.FlushToDisk(handle);
            }
            else if (NativeMethods.FDataSync(handle) != 0)
            {
                throw Failed("fdatasync");
            }
        }

        public void Dispose() => handle.Dispose();

        /// <summary>
        /// Has a part of the file on its way to the disk before more is written. All of a segment at once would make everybody who syncs meanwhile wait for it.
        /// It makes nothing durable, which <see cref="Sync"/> does.
        /// </summary>
        private void WaitUntilWritten(long offset, long count)
        {
            if (OperatingSystem.IsLinux() && NativeMethods.SyncFileRange(handle, offset, count, NativeMethods.WriteAndWait) != 0
                && Marshal.GetLastPInvokeError() is not (NativeMethods.NotImplemented or NativeMethods.NotSupported or NativeMethods.InvalidArgument or NativeMethods.IllegalSeek))
            {
                throw Failed("sync_file_range");
            }
        }
    }

    private static class NativeMethods
    {
        [DllImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
        public static extern int FDataSync(SafeFileHandle file);

        /// <summary>Wait for what is being written, write the rest, wait for it.</summary>
        public const uint WriteAndWait = 1 | 2 | 4;

        public const int InvalidArgument = 22;
        public const int IllegalSeek = 29;
        public const int NotImplemented = 38;
        public const int NotSupported = 95;

        [DllImport("libc", EntryPoint = "sync_file_range", SetLastError = true)]
        public static extern int SyncFileRange(SafeFileHandle file, long offset, long count, uint flags);

        [DllImport("libc", EntryPoint = "open", SetLastError = true)]
        public static extern int Open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);

        [DllImport("libc", EntryPoint = "fsync", SetLastError = true)]
        public static extern int FSync(int descriptor);

        [DllImport("libc", EntryPoint = "close", SetLastError = true)]
        public static extern int Close(int descriptor);
    }
}
