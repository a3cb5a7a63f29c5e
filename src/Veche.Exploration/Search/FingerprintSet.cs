namespace Veche.Exploration.Search;

/// <summary>The fingerprints seen, by open addressing: eight bytes each, and as much again for room.</summary>
internal sealed class FingerprintSet
{
    private ulong[] _slots = new ulong[1 << 16];

    public int Count { get; private set; }

    /// <summary>False when it was there already.</summary>
    public bool Add(ulong fingerprint)
    {
        // Zero marks an empty slot.
        ulong stored = fingerprint == 0 ? 1 : fingerprint;
        if (Count >= _slots.Length / 10 * 7)
        {
            Grow();
        }

        int slot = SlotOf(_slots, stored);
        if (_slots[slot] == stored)
        {
            return false;
        }

        _slots[slot] = stored;
        Count++;
        return true;
    }

    private void Grow()
    {
        ulong[] larger = new ulong[_slots.Length * 2];
        foreach (ulong stored in _slots)
        {
            if (stored != 0)
            {
                larger[SlotOf(larger, stored)] = stored;
            }
        }

        _slots = larger;
    }

    private static int SlotOf(ulong[] slots, ulong stored)
    {
        int mask = slots.Length - 1;
        int slot = (int)(stored >> 20) & mask;
        while (slots[slot] != 0 && slots[slot] != stored)
        {
            slot = (slot + 1) & mask;
        }

        return slot;
    }
}
