using Veche.Api;
using Veche.Api.Commands;
using Veche.Raft;
using Veche.Replica;

namespace Veche.Store.Tests;

/// <summary>Disk and memory are the same store; what is on disk survives; images carry all of it.</summary>
public sealed class DurabilityTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("veche-store-").FullName;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void RocksDB_and_memory_give_the_same_answers_and_hashes(int seed)
    {
        var random = new Random(seed);
        using StoreHarness memory = StoreHarness.InMemory();
        using var disk = new StoreHarness(KeyValueStore.Open(new StoreOptions { DataDirectory = _directory }));
        for (int round = 0; round < 30; round++)
        {
            List<Command> commands = [.. RandomCommands.Make(random, random.Next(1, 30))];
            Assert.Equal(memory.DoAll(commands).Select(static result => result.ToString()), disk.DoAll(commands).Select(static result => result.ToString()));
            if (round % 5 == 0)
            {
                memory.Store.ReclaimSlice(3);
            }

            if (round % 7 == 0)
            {
                while (disk.Store.ReclaimSlice(5))
                {
                }
            }

            Assert.Equal(memory.Store.HashHistory(0, out _, out _), disk.Store.HashHistory(0, out _, out _));
            Assert.Equal(memory.Range("\0", "\0").ToString(), disk.Range("\0", "\0").ToString());
        }
    }

    [Fact]
    public void After_a_restart_everything_is_there()
    {
        uint hash;
        using (var store = new StoreHarness(KeyValueStore.Open(new StoreOptions { DataDirectory = _directory })))
        {
            store.DoAll([.. RandomCommands.Make(new Random(9), 300)]);
            store.Do(new Command { LeaseGrant = new LeaseGrantRequest { ID = 77, TTL = 60 } });
            store.Put("leased", "x", lease: 77);
            store.Do(new Command { Member = new MemberAttributes { Id = 5, Name = "five", ClientUrls = { "http://five" } } });
            hash = store.Store.HashHistory(0, out _, out _);
            store.Store.Flush();
            Assert.Equal(store.Store.Applied.Index, store.Store.DurableIndex);
        }

        using var again = new StoreHarness(KeyValueStore.Open(new StoreOptions { DataDirectory = _directory }));
        Assert.Equal(303, again.Store.Applied.Index);
        Assert.Equal(hash, again.Store.HashHistory(0, out _, out _));
        Assert.Equal(60, again.Store.FindLease(77)?.TtlSeconds);
        Assert.Equal("leased", Assert.Single(again.Store.KeysOf(77)).ToStringUtf8());
        Assert.Equal("five", Assert.Single(again.Store.Members).Name);
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public void An_image_carries_the_whole_state_between_homes(bool fromDisk, bool toDisk)
    {
        using var source = new StoreHarness(KeyValueStore.Open(new StoreOptions { DataDirectory = fromDisk ? Path.Combine(_directory, "a") : null }));
        source.DoAll([.. RandomCommands.Make(new Random(3), 200)]);
        var bytes = new MemoryStream();
        using (IStateImage image = source.Store.Capture())
        {
            source.Put("later", "not in the image");
            image.WriteTo(bytes);
        }

        using (var target = new StoreHarness(KeyValueStore.Open(new StoreOptions { DataDirectory = toDisk ? Path.Combine(_directory, "b") : null })))
        {
            target.Put("old", "goes");
            bytes.Position = 0;
            target.Store.Restore(bytes, new LogPosition(200, 1));
            CheckRestored(source, target);

            byte[] damaged = bytes.ToArray();
            damaged[damaged.Length / 2] ^= 1;
            Assert.ThrowsAny<Exception>(() => target.Store.Restore(new MemoryStream(damaged), new LogPosition(200, 1)));
            CheckRestored(source, target);
        }

        if (toDisk)
        {
            using var reopened = new StoreHarness(KeyValueStore.Open(new StoreOptions { DataDirectory = Path.Combine(_directory, "b") }));
            CheckRestored(source, reopened);
        }
    }

    private static void CheckRestored(StoreHarness source, StoreHarness target)
    {
        long revision = source.Store.CurrentRevision - 1;
        Assert.Equal((new LogPosition(200, 1), revision), (target.Store.Applied, target.Store.CurrentRevision));
        Assert.Equal(source.Store.HashHistory(revision, out _, out _), target.Store.HashHistory(0, out _, out _));
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);
}
