namespace Veche.Store.Engine.Rocks;

/// <summary>A snapshot of the database, shared and counted: it goes with its last user.</summary>
internal sealed class RocksView : IEngineView
{
    private readonly RocksDatabase _shared;
    private readonly nint _database;
    private readonly nint _snapshot;
    private readonly nint _options = RocksNative.CreateReadOptions();
    private readonly nint _passingOptions = RocksNative.CreateReadOptions();
    private readonly RocksHealth _health;
    private int _users = 1;

    public RocksView(RocksDatabase database, RocksHealth health)
    {
        _health = health;
        _shared = database;
        _shared.Share();
        _database = database.Handle;
        _snapshot = RocksNative.CreateSnapshot(_database);
        RocksNative.SetSnapshot(_options, _snapshot);
        RocksNative.SetSnapshot(_passingOptions, _snapshot);
        RocksNative.SetFillCache(_passingOptions, 0);
    }

    public void Share() => Interlocked.Increment(ref _users);

    public byte[]? Get(ReadOnlySpan<byte> key) => RocksRead.Get(_database, _options, _health, key);

    public IEngineIterator OpenIterator() => new RocksIterator(RocksNative.CreateIterator(_database, _options), _health);

    public IEngineView ForLongWalk() => new RocksPassingView(this, _database, _passingOptions, _health);

    public void Dispose()
    {
        if (Interlocked.Decrement(ref _users) == 0)
        {
            RocksNative.DestroyReadOptions(_options);
            RocksNative.DestroyReadOptions(_passingOptions);
            RocksNative.ReleaseSnapshot(_database, _snapshot);
            _shared.Release();
        }
    }
}
