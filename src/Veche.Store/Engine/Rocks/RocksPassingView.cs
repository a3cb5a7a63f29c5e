namespace Veche.Store.Engine.Rocks;

/// <summary>A view whose blocks do not stay in the cache.</summary>
/// <param name="view">The same state; it owns everything, and goes when this one goes.</param>
/// <param name="database">Where to read.</param>
/// <param name="options">How.</param>
/// <param name="health">Told of damage.</param>
internal sealed class RocksPassingView(RocksView view, nint database, nint options, RocksHealth health) : IEngineView
{
    public byte[]? Get(ReadOnlySpan<byte> key) => RocksRead.Get(database, options, health, key);

    public IEngineIterator OpenIterator() => new RocksIterator(RocksNative.CreateIterator(database, options), health);

    public IEngineView ForLongWalk() => this;

    public void Dispose() => view.Dispose();
}
