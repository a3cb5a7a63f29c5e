using Google.Protobuf;
using Veche.Api;
using Veche.Api.Commands;
using Veche.Raft;
using Veche.Replica;

namespace Veche.Store.Tests;

/// <summary>What the store keeps in memory before its files.</summary>
public sealed class UnflushedTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("veche-store-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void Grows_with_what_is_applied_and_goes_with_a_flush()
    {
        using KeyValueStore store = KeyValueStore.Open(new StoreOptions { DataDirectory = Path.Combine(_directory, "store") });
        long empty = store.UnflushedBytes;
        var batch = new ApplyBatch();
        byte[] put = new Command { Put = new PutRequest { Key = ByteString.CopyFromUtf8("k"), Value = ByteString.CopyFrom(new byte[4096]) } }.ToByteArray();
        for (int i = 1; i <= 1024; i++)
        {
            batch.Add(new Committed(new LogPosition(i, 1), EntryKind.Command, put, WantsResult: false));
        }

        store.Apply(batch);
        Assert.InRange(store.UnflushedBytes - empty, 4 << 20, 16 << 20);

        store.Flush();
        Assert.InRange(store.UnflushedBytes, 0, 1 << 20);
        Assert.Equal(1024, store.DurableIndex);
    }

    [Fact]
    public void Is_nothing_in_memory()
    {
        using KeyValueStore store = KeyValueStore.Open(new StoreOptions());
        Assert.Equal(0, store.UnflushedBytes);
    }
}
