namespace Veche.Store.Engine.Rocks;

/// <summary>How the store's database is opened. What is opened keeps what it needs of it.</summary>
internal sealed class RocksOptions : IDisposable
{
    private const int LogWarnings = 2;
    private const int Lz4 = 4;

    private readonly nint _table = RocksNative.CreateTable();
    private readonly nint _cache = RocksNative.CreateCache(RocksSizes.BlockCacheBytes);

    public RocksOptions()
    {
        RocksNative.SetBlockCache(_table, _cache);
        RocksNative.SetFilter(_table, RocksNative.CreateBloomFilter(RocksSizes.BloomBitsPerKey));
        RocksNative.SetCacheIndexAndFilter(_table, 1);
        RocksNative.SetPinNewestIndexAndFilter(_table, 1);
        RocksNative.SetFormatVersion(_table, 5);
        RocksNative.SetCreateIfMissing(Handle, 1);
        RocksNative.SetInfoLogLevel(Handle, LogWarnings);
        RocksNative.SetKeepLogFiles(Handle, 4);
        RocksNative.SetStatsDumpPeriodSeconds(Handle, 0);
        RocksNative.SetMaxOpenFiles(Handle, RocksSizes.OpenFiles);
        RocksNative.SetMaxFileOpeningThreads(Handle, RocksSizes.FileOpeningThreads);
        RocksNative.SetMaxBackgroundJobs(Handle, RocksSizes.BackgroundJobs);
        RocksNative.SetTable(Handle, _table);
        RocksNative.SetWriteBufferBytes(Handle, RocksSizes.WriteBufferBytes);
        RocksNative.SetArenaBlockBytes(Handle, RocksSizes.WriteBufferPieceBytes);
        RocksNative.SetBytesPerSync(Handle, RocksSizes.BytesPerSync);
        RocksNative.SetTargetFileBytes(Handle, RocksSizes.TargetFileBytes);
        RocksNative.SetCompression(Handle, Lz4);
    }

    public nint Handle { get; } = RocksNative.CreateOptions();

    public void Dispose()
    {
        RocksNative.DestroyOptions(Handle);
        RocksNative.DestroyTable(_table);
        RocksNative.DestroyCache(_cache);
    }
}
