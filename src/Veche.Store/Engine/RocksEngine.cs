using RocksDbSharp;

namespace Veche.Store.Engine;

/// <summary>
/// Keeps everything in RocksDB. Its own write-ahead log is off: the replicated log is one, and what was not flushed at a crash is applied again
/// from there. With one column family, what survives is always a prefix of the batches.
/// </summary>
internal sealed class RocksEngine : IKeyValueEngine
{
    private const ulong BlockCacheBytes = 64 << 20;
    private const ulong WriteBufferBytes = 32 << 20;
    private const int BloomBitsPerKey = 10;

    private readonly RocksDb _database;
    private readonly WriteOptions _unlogged = new WriteOptions().DisableWal(1);
    private readonly RocksBatch _batch = new();
    private readonly Lock _viewLock = new();
    private readonly Lock _defragmentLock = new();
    private bool _closing;
    private View? _view;

    public RocksEngine(string directory)
    {
        BlockBasedTableOptions table = new BlockBasedTableOptions()
            .SetBlockCache(Cache.CreateLru(BlockCacheBytes))
            .SetFilterPolicy(BloomFilterPolicy.Create(BloomBitsPerKey, false))
            .SetCacheIndexAndFilterBlocks(true)
            .SetPinL0FilterAndIndexBlocksInCache(true)
            .SetFormatVersion(5);
        DbOptions options = new DbOptions()
            .SetCreateIfMissing(true)
            .SetInfoLogLevel(InfoLogLevel.Warn)
            .SetKeepLogFileNum(4)
            .SetMaxOpenFiles(1024)
            .SetMaxBackgroundCompactions(1)
            .SetMaxBackgroundFlushes(1);
        options.SetBlockBasedTableFactory(table);
        options.SetWriteBufferSize(WriteBufferBytes);
        options.SetCompression(Compression.Lz4);
        try
        {
            _database = RocksDb.Open(options, directory);
        }
        catch (RocksDbException exception)
        {
            throw new IOException($"the store in {directory} cannot be opened: {exception.Message}. Is another member using it? If it is damaged, remove this member and add it anew with an empty directory.", exception);
        }
    }

    public bool IsDurable => true;

    public long SizeBytes => Property("rocksdb.total-sst-files-size") + Property("rocksdb.cur-size-all-mem-tables");

    public EngineBatch Batch => _batch;

    public void Commit()
    {
        try
        {
            _database.Write(_batch.Writes, _unlogged);
        }
        catch (RocksDbException exception)
        {
            throw new IOException($"writing the store failed: {exception.Message}", exception);
        }

        _batch.Writes.Clear();
        lock (_viewLock)
        {
            _view?.Dispose();
            _view = null;
        }
    }

    public IEngineView OpenView()
    {
        // Everybody who reads between two commits shares one view.
        lock (_viewLock)
        {
            _view ??= new View(_database);
            _view.Share();
            return _view;
        }
    }

    public void Defragment()
    {
        lock (_defragmentLock)
        {
            if (_closing)
            {
                return;
            }

            // Not exclusive: the engine's own compactions go on, so that writes never wait for this one.
            IntPtr options = Native.Instance.rocksdb_compactoptions_create();
            try
            {
                Native.Instance.rocksdb_compactoptions_set_exclusive_manual_compaction(options, 0);
                Native.Instance.rocksdb_compact_range_opt(_database.Handle, options, (byte[]?)null!, UIntPtr.Zero, (byte[]?)null!, UIntPtr.Zero);
            }
            finally
            {
                Native.Instance.rocksdb_compactoptions_destroy(options);
            }
        }
    }

    public void Flush()
    {
        try
        {
            using var options = new FlushOptionsHolder();
            _database.Flush(options.Value);
        }
        catch (RocksDbException exception)
        {
            throw new IOException($"flushing the store failed: {exception.Message}", exception);
        }
    }

    public void Dispose()
    {
        _closing = true;
        Native.Instance.rocksdb_disable_manual_compaction(_database.Handle);
        lock (_defragmentLock)
        {
            // One that was under way has ended.
        }

        lock (_viewLock)
        {
            _view?.Dispose();
            _view = null;
        }

        _batch.Writes.Dispose();
        _database.Dispose();
    }

    private long Property(string name) => long.TryParse(_database.GetProperty(name), out long value) ? value : 0;

    private sealed class FlushOptionsHolder : IDisposable
    {
        public FlushOptions Value { get; } = new FlushOptions().SetWaitForFlush(true);

        public void Dispose() => (Value as IDisposable)?.Dispose();
    }

    private sealed class RocksBatch : EngineBatch
    {
        public WriteBatch Writes { get; } = new();

        public override void Put(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value) => Writes.Put(key, value);

        public override void Delete(ReadOnlySpan<byte> key) => Writes.Delete(key);
    }

    /// <summary>A snapshot of the database, shared and counted: it goes with its last user.</summary>
    private sealed class View : IEngineView
    {
        private readonly RocksDb _database;
        private readonly Snapshot _snapshot;
        private readonly ReadOptions _options;
        private int _users = 1;

        public View(RocksDb database)
        {
            _database = database;
            _snapshot = database.CreateSnapshot();
            _options = new ReadOptions().SetSnapshot(_snapshot);
        }

        public void Share() => Interlocked.Increment(ref _users);

        public byte[]? Get(ReadOnlySpan<byte> key) => _database.Get(key, null, _options);

        public IEngineIterator OpenIterator() => new Walk(_database.NewIterator(null, _options));

        public IEngineView ForLongWalk() => new PassingView(this, _database, _snapshot);

        public void Dispose()
        {
            if (Interlocked.Decrement(ref _users) == 0)
            {
                _snapshot.Dispose();
            }
        }
    }

    /// <summary>A view whose blocks do not stay in the cache.</summary>
    private sealed class PassingView(View view, RocksDb database, Snapshot snapshot) : IEngineView
    {
        private readonly ReadOptions _options = new ReadOptions().SetSnapshot(snapshot).SetFillCache(false);

        public byte[]? Get(ReadOnlySpan<byte> key) => database.Get(key, null, _options);

        public IEngineIterator OpenIterator() => new Walk(database.NewIterator(null, _options));

        public IEngineView ForLongWalk() => this;

        public void Dispose() => view.Dispose();
    }

    private sealed class Walk(Iterator iterator) : IEngineIterator
    {
        public bool IsValid => iterator.Valid();

        public ReadOnlySpan<byte> Key => iterator.GetKeySpan();

        public ReadOnlySpan<byte> Value => iterator.GetValueSpan();

        public void Seek(ReadOnlySpan<byte> key) => iterator.Seek(key);

        public void SeekForPrevious(ReadOnlySpan<byte> key) => iterator.SeekForPrev(key);

        public void Next() => iterator.Next();

        public void Dispose() => iterator.Dispose();
    }
}
