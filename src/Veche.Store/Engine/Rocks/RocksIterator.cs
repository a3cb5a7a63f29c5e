namespace Veche.Store.Engine.Rocks;

/// <summary>A walk over the keys of a view.</summary>
internal sealed unsafe class RocksIterator(nint handle, RocksHealth health) : IEngineIterator
{
    private bool _closed;

    /// <exception cref="IOException">The walk ended because reading failed, not because there are no more keys.</exception>
    public bool IsValid
    {
        get
        {
            if (RocksNative.IsValid(handle) != 0)
            {
                return true;
            }

            byte* error = null;
            RocksNative.GetIteratorError(handle, &error);
            health.ThrowIfAny("reading the store", error);
            return false;
        }
    }

    public ReadOnlySpan<byte> Key
    {
        get
        {
            nuint bytes;
            byte* start = RocksNative.Key(handle, &bytes);
            return new ReadOnlySpan<byte>(start, checked((int)bytes));
        }
    }

    public ReadOnlySpan<byte> Value
    {
        get
        {
            nuint bytes;
            byte* start = RocksNative.Value(handle, &bytes);
            return new ReadOnlySpan<byte>(start, checked((int)bytes));
        }
    }

    public void Seek(ReadOnlySpan<byte> key)
    {
        fixed (byte* keyStart = key)
        {
            RocksNative.Seek(handle, keyStart, (nuint)key.Length);
        }
    }

    public void SeekForPrevious(ReadOnlySpan<byte> key)
    {
        fixed (byte* keyStart = key)
        {
            RocksNative.SeekForPrevious(handle, keyStart, (nuint)key.Length);
        }
    }

    public void Next() => RocksNative.Next(handle);

    public void Dispose()
    {
        if (!_closed)
        {
            _closed = true;
            RocksNative.DestroyIterator(handle);
        }
    }
}
