using System.Buffers.Binary;
using Veche.Raft;

namespace Veche.Log;

/// <summary>
/// Term and vote once more, beside the log, so that damage to the log alone cannot make a member forget what it had promised in elections. Two
/// slots that are written in turn, each as large as what a disk may tear. The log's own records come first: the copy is for when they are damaged.
/// Layout of a slot, little-endian: magic (8), version (4), CRC-32C of what follows (4), cluster (8), member (8), number of the write (8), term (8), vote (8).
/// </summary>
internal sealed class HardStateCopy : IDisposable
{
    public const string FileName = "term-and-vote";

    private const uint FormatVersion = 1;
    private const int SlotLength = 56;
    private const int SlotStride = 4096;
    private const int Slots = 2;

    private readonly IDiskFile _file;
    private readonly LogIdentity _identity;
    private long _number;
    private HardState? _written;

    private HardStateCopy(IDiskFile file, LogIdentity identity)
    {
        _file = file;
        _identity = identity;
    }

    private static ReadOnlySpan<byte> Magic => "vechehsc"u8;

    /// <summary>Opens the copy beside a log that is whole, and makes it say what the log says.</summary>
    public static HardStateCopy Open(IDisk disk, LogIdentity identity, HardState state)
    {
        bool isNew = !disk.Exists(FileName);
        IDiskFile file = disk.Open(FileName);
        try
        {
            if (isNew || file.Length < Slots * SlotStride)
            {
                file.Preallocate(Slots * SlotStride);
                file.Sync();
                disk.SyncDirectory();
            }

            var copy = new HardStateCopy(file, identity);
            List<(long Number, HardState State)> slots = copy.Read(out bool isWhole);

            // Only where to go on: what is read may be what a sync that failed left in memory, and must be written again before anything rests on it.
            copy._number = slots.Select(static slot => slot.Number).DefaultIfEmpty().Max();

            if (!isWhole)
            {
                // New, or torn by a crash, or damaged: both slots anew, for the copy only counts while both are whole.
                copy.WriteSlot(state);
                copy.WriteSlot(state);
            }

            // A log that has nothing yet where the copy has something has lost its files, and whoever looks into that should find the copy.
            if (state != default)
            {
                copy.Write(state);
            }

            return copy;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>What the copy says, or null when any part of it is missing or damaged: then the newest part may be the one that is gone.</summary>
    public static HardState? ReadWhole(IDisk disk, LogIdentity identity)
    {
        if (!disk.Exists(FileName))
        {
            return null;
        }

        using IDiskFile file = disk.Open(FileName);
        var copy = new HardStateCopy(file, identity);
        List<(long Number, HardState State)> slots = copy.Read(out bool isWhole);
        return isWhole ? slots.MaxBy(static slot => slot.Number).State : null;
    }

    /// <summary>Makes it durable, unless it is what was written last.</summary>
    public void Write(HardState state)
    {
        if (_written != state)
        {
            WriteSlot(state);
        }
    }

    public void Dispose() => _file.Dispose();

    private void WriteSlot(HardState state)
    {
        _number++;
        byte[] slot = new byte[SlotLength];
        Magic.CopyTo(slot);
        BinaryPrimitives.WriteUInt32LittleEndian(slot.AsSpan(8), FormatVersion);
        BinaryPrimitives.WriteUInt64LittleEndian(slot.AsSpan(16), _identity.ClusterId);
        BinaryPrimitives.WriteUInt64LittleEndian(slot.AsSpan(24), _identity.MemberId.Value);
        BinaryPrimitives.WriteInt64LittleEndian(slot.AsSpan(32), _number);
        BinaryPrimitives.WriteInt64LittleEndian(slot.AsSpan(40), state.Term);
        BinaryPrimitives.WriteUInt64LittleEndian(slot.AsSpan(48), state.Vote.Value);
        BinaryPrimitives.WriteUInt32LittleEndian(slot.AsSpan(12), Checksum.Crc32C(slot.AsSpan(16)));
        _file.Write(_number % Slots * SlotStride, slot);
        _file.Sync();
        _written = state;
    }

    private List<(long Number, HardState State)> Read(out bool isWhole)
    {
        List<(long, HardState)> found = [];
        isWhole = true;
        byte[] slot = new byte[SlotLength];
        for (int i = 0; i < Slots; i++)
        {
            if (_file.Read(i * SlotStride, slot) != SlotLength)
            {
                isWhole = false;
                continue;
            }

            long number = BinaryPrimitives.ReadInt64LittleEndian(slot.AsSpan(32));
            if (slot.AsSpan(0, 8).SequenceEqual(Magic)
                && BinaryPrimitives.ReadUInt32LittleEndian(slot.AsSpan(8)) == FormatVersion
                && BinaryPrimitives.ReadUInt32LittleEndian(slot.AsSpan(12)) == Checksum.Crc32C(slot.AsSpan(16))
                && BinaryPrimitives.ReadUInt64LittleEndian(slot.AsSpan(16)) == _identity.ClusterId
                && BinaryPrimitives.ReadUInt64LittleEndian(slot.AsSpan(24)) == _identity.MemberId.Value
                && number % Slots == i)
            {
                found.Add((number, new HardState(BinaryPrimitives.ReadInt64LittleEndian(slot.AsSpan(40)), new MemberId(BinaryPrimitives.ReadUInt64LittleEndian(slot.AsSpan(48))))));
            }
            else
            {
                isWhole = false;
            }
        }

        return found;
    }
}
