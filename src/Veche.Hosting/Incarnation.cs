using System.Buffers.Binary;
using System.Security.Cryptography;
using Veche.Log;
using Veche.Raft;

namespace Veche.Hosting;

/// <summary>
/// A number that is made together with a member's log and lost together with it. A member that comes back with an empty disk has another one, and
/// the others know by it that everything it had promised, votes and entries alike, is forgotten.
/// </summary>
internal sealed class Incarnation
{
    private const string FileName = "incarnation";
    private const int Length = 9;

    private readonly IDisk _disk;

    private Incarnation(IDisk disk, ulong value)
    {
        _disk = disk;
        Value = value;
    }

    public ulong Value { get; }

    /// <exception cref="HostStartException">The log is gone, and the member had taken part in its cluster.</exception>
    public static Incarnation Open(IDisk disk, RaftStart start)
    {
        bool isBlank = start.HardState.Term == 0 && start.Entries.Count == 0 && start.Base.Position == LogPosition.Zero;
        byte[] bytes = new byte[Length];
        if (disk.Exists(FileName))
        {
            using IDiskFile file = disk.Open(FileName);
            if (file.Read(0, bytes) == Length)
            {
                return isBlank && bytes[8] != 0
                    ? throw new HostStartException("the log is empty, but this member has taken part in its cluster before: files of the log are missing. Restore the whole data directory from one backup, or remove the member and add it anew with an empty directory.")
                    : new Incarnation(disk, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            }
        }

        RandomNumberGenerator.Fill(bytes.AsSpan(0, 8));
        var made = new Incarnation(disk, BinaryPrimitives.ReadUInt64LittleEndian(bytes) | 1);
        made.Write(established: false);
        return made;
    }

    /// <summary>From now on the member never again counts as one that has not begun.</summary>
    public void MarkEstablished() => Write(established: true);

    private void Write(bool established)
    {
        byte[] bytes = new byte[Length];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, Value);
        bytes[8] = established ? (byte)1 : (byte)0;
        using IDiskFile file = _disk.Open(FileName);
        file.Write(0, bytes);
        file.Sync();
        _disk.SyncDirectory();
    }
}
