using System.Buffers.Binary;
using Veche.Raft;

namespace Veche.Log;

/// <summary>How far the repair of a damaged log is.</summary>
public enum RepairPhase
{
    /// <summary>No repair is under way.</summary>
    None = 0,

    /// <summary>The log is put aside, or is being so; the state that went with it is still to be emptied.</summary>
    Begun = 1,

    /// <summary>Log and state are empty; the other members are to fill them.</summary>
    Refilling = 2,
}

/// <summary>
/// What becomes of a member whose log is damaged in the middle. The log is put aside and a new one begun, in a term after every one in which the
/// member can have promised anything; until it holds an entry of such a term it must not help to elect anybody
/// (<see cref="RaftStart.LostThroughTerm"/>). Each step is durable before the next and may be repeated after a crash.
/// </summary>
public static class LogRepair
{
    private const string FileName = "repair";
    private const string NewFileName = "repair-new";
    private const string AsidePrefix = "damaged-";
    private const string WhatToDo = "Remove this member and add it anew with an empty directory.";
    private const uint FormatVersion = 1;
    private const int Length = 40;

    private static ReadOnlySpan<byte> Magic => "vecherep"u8;

    /// <summary>How far it is, and the last term in which the member may have promised what it no longer holds.</summary>
    /// <exception cref="LogDamagedException">That record is itself damaged.</exception>
    public static (RepairPhase Phase, long LostThroughTerm) Read(IDisk disk)
    {
        if (!disk.Exists(FileName))
        {
            return (RepairPhase.None, 0);
        }

        byte[] bytes = new byte[Length];
        using IDiskFile file = disk.Open(FileName);
        if (file.Read(0, bytes) == Length && bytes.AsSpan(0, 8).SequenceEqual(Magic)
            && BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(8)) == FormatVersion
            && BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(12)) == Checksum.Crc32C(bytes.AsSpan(16)))
        {
            return ((RepairPhase)BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(16)), BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(24)));
        }

        throw new LogDamagedException("the record of a repair that is under way is damaged too.", WhatToDo);
    }

    /// <summary>Puts a damaged log aside and begins a new one. May be called again when a crash has interrupted it.</summary>
    /// <returns>The last term in which the member may have promised what it no longer holds.</returns>
    /// <exception cref="LogDamagedException">Term and vote are not known beyond doubt either, so this member cannot be repaired.</exception>
    public static long Begin(IDisk disk, LogOptions options)
    {
        (RepairPhase phase, long lostThroughTerm) = Read(disk);
        if (phase == RepairPhase.None)
        {
            HardState known = HardStateCopy.ReadWhole(disk, options.Identity)
                ?? throw new LogDamagedException($"the log is damaged, and its copy of term and vote ({HardStateCopy.FileName}) is missing, damaged or another member's: what this member had promised is not known.", WhatToDo);
            lostThroughTerm = known.Term;
        }
        else if (phase == RepairPhase.Refilling)
        {
            // Damaged again before it was whole: what it has promised since then is lost as well.
            HardState known = HardStateCopy.ReadWhole(disk, options.Identity) ?? throw new LogDamagedException("the log was damaged again while it was being repaired, and term and vote with it.", WhatToDo);
            lostThroughTerm = Math.Max(lostThroughTerm, known.Term);
        }

        if (phase != RepairPhase.Begun)
        {
            foreach (string old in disk.List().Where(static name => name.StartsWith(AsidePrefix, StringComparison.Ordinal)))
            {
                disk.Delete(old);
            }

            disk.SyncDirectory();
        }

        Write(disk, RepairPhase.Begun, lostThroughTerm);
        foreach (string name in disk.List())
        {
            if (Segment.TryParse(name, out _) || SnapshotFormat.TryParse(name, out _))
            {
                PutAside(disk, name);
            }
        }

        disk.SyncDirectory();
        LogRecovery fresh = WriteAheadLog.Open(disk, options);
        using (fresh.Log)
        {
            // A leader of the term before counts what this member no longer holds: it must not go on as if nothing had happened.
            fresh.Log.Write(new LogWrite { WriteId = 1, HardState = new HardState(lostThroughTerm + 1, MemberId.None) });
            fresh.Log.Sync();
        }

        return lostThroughTerm;
    }

    /// <summary>The state that went with the damaged log is gone.</summary>
    public static void StateIsEmpty(IDisk disk)
    {
        (RepairPhase phase, long lostThroughTerm) = Read(disk);
        if (phase != RepairPhase.Begun)
        {
            throw new InvalidOperationException($"The repair is at {phase}.");
        }

        Write(disk, RepairPhase.Refilling, lostThroughTerm);
    }

    /// <summary>The member holds everything again that it may have promised to hold.</summary>
    public static void End(IDisk disk)
    {
        disk.Delete(FileName);
        disk.SyncDirectory();
    }

    private static void PutAside(IDisk disk, string name)
    {
        if (disk.Exists(AsidePrefix + name))
        {
            // Of the new log, by an attempt that a crash interrupted: there is nothing in it.
            disk.Delete(name);
        }
        else
        {
            disk.Rename(name, AsidePrefix + name);
        }
    }

    private static void Write(IDisk disk, RepairPhase phase, long lostThroughTerm)
    {
        byte[] bytes = new byte[Length];
        Magic.CopyTo(bytes);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(8), FormatVersion);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(16), (long)phase);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(24), lostThroughTerm);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(12), Checksum.Crc32C(bytes.AsSpan(16)));
        using (IDiskFile file = disk.Open(NewFileName))
        {
            file.Write(0, bytes);
            file.Sync();
        }

        disk.Rename(NewFileName, FileName);
        disk.SyncDirectory();
    }
}
