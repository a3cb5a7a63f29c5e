namespace Veche.Store.Engine.Rocks;

/// <summary>Reads single keys.</summary>
internal static unsafe class RocksRead
{
    /// <summary>The value of a key, or null.</summary>
    public static byte[]? Get(nint database, nint options, RocksHealth health, ReadOnlySpan<byte> key)
    {
        nint pinned;
        byte* error = null;
        fixed (byte* keyStart = key)
        {
            pinned = RocksNative.GetPinned(database, options, keyStart, (nuint)key.Length, &error);
        }

        health.ThrowIfAny("reading the store", error);
        if (pinned == 0)
        {
            return null;
        }

        nuint bytes;
        byte* start = RocksNative.PinnedValue(pinned, &bytes);
        byte[] value = new ReadOnlySpan<byte>(start, checked((int)bytes)).ToArray();
        RocksNative.DestroyPinned(pinned);
        return value;
    }
}
