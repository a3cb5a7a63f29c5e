namespace Veche.Store.Tests;

/// <summary>A store that is closed while somebody still reads it.</summary>
public sealed class ClosingTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("veche-closing-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void A_state_that_is_being_read_outlives_its_store()
    {
        var options = new StoreOptions { DataDirectory = _directory };
        var store = KeyValueStore.Open(options);
        Replica.IStateImage image = store.Capture();
        store.Dispose();
        using var written = new MemoryStream();
        image.WriteTo(written);
        Assert.NotEqual(0, written.Length);
        image.Dispose();

        // Only now is the directory free.
        using KeyValueStore again = KeyValueStore.Open(options);
        Assert.True(again.IsDurable);
    }

    [Fact]
    public void A_flush_that_comes_too_late_is_refused()
    {
        var store = KeyValueStore.Open(new StoreOptions { DataDirectory = _directory });
        store.Dispose();
        Assert.Contains("closed", Assert.Throws<IOException>(store.Flush).Message, StringComparison.Ordinal);
    }
}
