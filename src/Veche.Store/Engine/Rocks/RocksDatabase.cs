namespace Veche.Store.Engine.Rocks;

/// <summary>The open database, counted: it is closed when neither its engine nor anybody who still reads a view of it needs it.</summary>
internal sealed class RocksDatabase(nint handle)
{
    private int _users = 1;

    public nint Handle => handle;

    public void Share() => Interlocked.Increment(ref _users);

    public void Release()
    {
        if (Interlocked.Decrement(ref _users) == 0)
        {
            RocksNative.Close(handle);
        }
    }
}
