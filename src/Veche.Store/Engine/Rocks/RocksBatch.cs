namespace Veche.Store.Engine.Rocks;

/// <summary>Writes that go into the database together.</summary>
internal sealed unsafe class RocksBatch : EngineBatch, IDisposable
{
    public nint Handle { get; } = RocksNative.CreateBatch();

    protected override void DoPut(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        fixed (byte* keyStart = key, valueStart = value)
        {
            RocksNative.PutInBatch(Handle, keyStart, (nuint)key.Length, valueStart, (nuint)value.Length);
        }
    }

    protected override void DoDelete(ReadOnlySpan<byte> key)
    {
        fixed (byte* keyStart = key)
        {
            RocksNative.DeleteInBatch(Handle, keyStart, (nuint)key.Length);
        }
    }

    public void Clear() => RocksNative.ClearBatch(Handle);

    public void Dispose() => RocksNative.DestroyBatch(Handle);
}
