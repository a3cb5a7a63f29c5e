using Veche.Raft;
using static Veche.Log.Tests.LogHarness;

namespace Veche.Log.Tests;

public sealed class SnapshotStoreTests
{
    private static readonly SnapshotPoint Point = new(new LogPosition(9, 2), Members);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(64 << 10)]
    [InlineData(200_001)]
    public void A_snapshot_is_read_back_as_it_was_written(int length)
    {
        var disk = new MemoryDisk(canCrash: true);
        byte[] content = Payload(9, 2, length);
        Write(disk, content);
        SnapshotStore store = SnapshotStore.Open(disk.Crash(static () => false), Identity);
        Assert.Equal(Point.Position, Assert.Single(store.List()).Position);
        Assert.Equal(Members, store.List()[0].Configuration);
        using Stream stream = store.OpenRead(Point.Position);
        var read = new MemoryStream();
        stream.CopyTo(read);
        Assert.Equal(content, read.ToArray());
    }

    [Fact]
    public void One_that_was_not_committed_leaves_nothing()
    {
        var disk = new MemoryDisk(canCrash: true);
        SnapshotStore store = SnapshotStore.Open(disk, Identity);
        SnapshotWriter writer = store.Begin(Point);
        writer.Content.Write(new byte[100_000]);
        Assert.Empty(store.List());
        SnapshotStore after = SnapshotStore.Open(disk.Crash(static () => true), Identity);
        Assert.Empty(after.List());
        writer.Dispose();
        Assert.Empty(disk.List());
    }

    [Fact]
    public void Any_flipped_bit_is_found()
    {
        var disk = new MemoryDisk();
        byte[] content = Payload(9, 2, 500);
        Write(disk, content);
        string name = disk.List()[0];
        byte[] whole = disk.ReadAll(name);
        for (int at = 0; at < whole.Length; at++)
        {
            byte[] flipped = [.. whole];
            flipped[at] ^= (byte)(1 << (at % 8));
            var damaged = new MemoryDisk();
            damaged.Replace(name, flipped);
            Exception? thrown = Xunit.Record.Exception(() =>
            {
                using Stream stream = SnapshotStore.Open(damaged, Identity).OpenRead(Point.Position);
                stream.CopyTo(Stream.Null);
            });
            Assert.True(thrown is InvalidDataException or LogOpenException, $"byte {at}: {thrown}");
        }
    }

    [Fact]
    public void Older_ones_are_removed()
    {
        var disk = new MemoryDisk();
        Write(disk, [1]);
        SnapshotStore store = SnapshotStore.Open(disk, Identity);
        using (SnapshotWriter writer = store.Begin(new SnapshotPoint(new LogPosition(20, 3), Members)))
        {
            writer.Commit();
        }

        Assert.Equal([20L, 9L], store.List().Select(static point => point.Position.Index));
        store.DeleteOlderThan(new LogPosition(20, 3));
        Assert.Equal([20L], store.List().Select(static point => point.Position.Index));
    }

    private static void Write(IDisk disk, byte[] content)
    {
        using SnapshotWriter writer = SnapshotStore.Open(disk, Identity).Begin(Point);
        writer.Content.Write(content);
        writer.Commit();
    }
}
