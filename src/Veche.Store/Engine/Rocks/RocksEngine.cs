using Veche.Replica;

namespace Veche.Store.Engine.Rocks;

/// <summary>
/// Keeps everything in RocksDB. Its own write-ahead log is off: the replicated log is one, and what was not flushed at a crash is applied again
/// from there. With one column family, what survives is always a prefix of the batches.
/// </summary>
internal sealed unsafe class RocksEngine : IKeyValueEngine
{
    private readonly RocksDatabase _shared;
    private readonly nint _database;
    private readonly nint _unlogged;
    private readonly RocksBatch _batch = new();
    private readonly RocksHealth _health = new();
    private readonly Lock _viewLock = new();
    private readonly Lock _defragmentLock = new();
    private readonly Lock _flushLock = new();
    private bool _closing;
    private bool _closed;
    private RocksView? _view;

    public RocksEngine(string directory)
    {
        using var options = new RocksOptions();
        byte* error = null;
        _database = RocksNative.Open(options.Handle, directory, &error);
        if (RocksError.Take(error) is { } message)
        {
            _batch.Dispose();
            throw RocksHealth.IsDamage(message)
                ? new StateDamagedException($"the store in {directory} cannot be opened: {message}")
                : new IOException($"the store in {directory} cannot be opened: {message}. Is another member using it?");
        }

        _shared = new RocksDatabase(_database);
        _unlogged = RocksNative.CreateWriteOptions();
        RocksNative.DisableLog(_unlogged, 1);
    }

    public bool IsDurable => true;

    public long SizeBytes => Property("rocksdb.total-sst-files-size") + Property("rocksdb.cur-size-all-mem-tables");

    public long UnflushedBytes => Property("rocksdb.cur-size-active-mem-table");

    public EngineBatch Batch => _batch;

    public Action<string>? Damaged
    {
        get => _health.Damaged;
        set => _health.Damaged = value;
    }

    public void Commit()
    {
        byte* error = null;
        RocksNative.Write(_database, _unlogged, _batch.Handle, &error);
        _health.ThrowIfAny("writing the store", error);
        _batch.Clear();
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
            ObjectDisposedException.ThrowIf(_closing, this);
            _view ??= new RocksView(_shared, _health);
            _view.Share();
            return _view;
        }
    }

    public IEngineView OpenWriterView() => OpenView();

    public void Defragment()
    {
        lock (_defragmentLock)
        {
            if (_closing)
            {
                return;
            }

            // Not exclusive: the engine's own compactions go on, so that writes never wait for this one.
            nint options = RocksNative.CreateCompactOptions();
            RocksNative.SetExclusive(options, 0);
            RocksNative.CompactRange(_database, options, null, 0, null, 0);
            RocksNative.DestroyCompactOptions(options);
        }
    }

    public void Flush()
    {
        lock (_flushLock)
        {
            if (_closed)
            {
                throw new IOException("the store is closed");
            }

            nint options = RocksNative.CreateFlushOptions();
            RocksNative.SetWait(options, 1);
            byte* error = null;
            RocksNative.Flush(_database, options, &error);
            RocksNative.DestroyFlushOptions(options);
            _health.ThrowIfAny("flushing the store", error);
        }
    }

    public void Dispose()
    {
        if (_closing)
        {
            return;
        }

        lock (_viewLock)
        {
            _closing = true;
        }

        RocksNative.DisableManualCompaction(_database);
        lock (_defragmentLock)
        {
            // One that was under way has ended.
        }

        lock (_flushLock)
        {
            _closed = true;
        }

        lock (_viewLock)
        {
            _view?.Dispose();
            _view = null;
        }

        _batch.Dispose();
        RocksNative.DestroyWriteOptions(_unlogged);
        _shared.Release();
    }

    private long Property(string name)
    {
        ulong value;
        return RocksNative.GetProperty(_database, name, &value) == 0 ? (long)value : 0;
    }
}
