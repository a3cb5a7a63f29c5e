using System.Security.Cryptography;
using Google.Protobuf;
using Veche.Api;
using Veche.Api.Commands;
using Veche.Raft;
using Veche.Store.Backups;
using static Veche.Store.Tests.StoreHarness;

namespace Veche.Store.Tests;

public sealed class BackupTests : IDisposable
{
    private static readonly LogPosition Position = new(1, 1);
    private readonly string _directory = Directory.CreateTempSubdirectory("veche-backups-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [InlineData(1, 60)]
    [InlineData(2, 400)]
    [InlineData(3, 3000)]
    public void A_backup_brings_everything_back(int seed, int commands)
    {
        using StoreHarness source = InMemory();
        source.DoAll([.. RandomCommands.Make(new Random(seed), commands)]);
        source.Do(new Command { Alarm = new AlarmRequest { Action = AlarmRequest.Types.AlarmAction.Activate, Alarm = AlarmType.Corrupt, MemberID = 77 } });
        KeyValueStore.Import(new StoreOptions { DataDirectory = _directory }, BackupFile.Open(Save(source.Store), checkHash: true), Position);
        using StoreHarness copy = new(KeyValueStore.Open(new StoreOptions { DataDirectory = _directory }));
        Assert.Equal(Position, copy.Store.Applied);
        Assert.Equal((source.Store.CurrentRevision, source.Store.CompactRevision), (copy.Store.CurrentRevision, copy.Store.CompactRevision));
        Assert.Equal(source.Store.HashHistory(0, out _, out _), copy.Store.HashHistory(0, out _, out _));
        Assert.Equal(source.Range("\0", "\0"), copy.Range("\0", "\0"));
        Assert.Equal(source.Store.Leases(), copy.Store.Leases());
        Assert.All(source.Store.Leases(), lease => Assert.Equal(source.Store.KeysOf(lease.Id), copy.Store.KeysOf(lease.Id)));
        Assert.Equal(source.Store.Alarms, copy.Store.Alarms);
        Assert.Equal(source.Store.DataBytes, copy.Store.DataBytes);
    }

    [Fact]
    public void Trees_of_many_levels_and_values_of_many_pages_come_back()
    {
        // Leases have keys and values of known size, so their tree is deep at some hundred thousand; keys cover values longer than a page.
        using StoreHarness source = InMemory();
        for (int i = 1; i <= 40; i++)
        {
            source.DoAll([.. Enumerable.Range(i * 2000, 2000).Select(static id => new Command { LeaseGrant = new LeaseGrantRequest { ID = id, TTL = id } })]);
        }

        foreach (int length in (int[])[0, 1, 4000, 4063, 4064, 4065, 4096, 100_000])
        {
            source.Do(new Command { Put = new PutRequest { Key = B("value of " + length), Value = ByteString.CopyFrom(new byte[length]) } });
        }

        KeyValueStore.Import(new StoreOptions { DataDirectory = _directory }, BackupFile.Open(Save(source.Store), checkHash: true), Position);
        using StoreHarness copy = new(KeyValueStore.Open(new StoreOptions { DataDirectory = _directory }));
        Assert.Equal(80_000, copy.Store.Leases().Count);
        Assert.Equal(source.Store.Leases(), copy.Store.Leases());
        Assert.Equal(source.Range("\0", "\0"), copy.Range("\0", "\0"));
    }

    [Fact]
    public void Its_length_and_hash_are_known_before_it_is_written_and_later_changes_do_not_show()
    {
        using StoreHarness source = InMemory();
        source.Put("a", "1");
        using StoreBackup backup = source.Store.OpenBackup("3.4.0");
        uint hash = backup.Hash();
        source.Put("b", "2");
        using var file = new MemoryStream();
        backup.WriteTo(file);
        Assert.Equal((backup.SizeBytes, 2L, hash), (file.Length, backup.Revision, backup.Hash()));
        BackupSummary summary = BackupFile.Open(file, checkHash: false).Summarize();
        Assert.Equal((2L, 3L, file.Length), (summary.Revision, summary.TotalKeys, summary.TotalBytes));
        using StoreBackup later = source.Store.OpenBackup("3.4.0");
        Assert.NotEqual(hash, later.Hash());
    }

    [Fact]
    public void A_damaged_file_is_refused_wherever_the_damage_is()
    {
        using StoreHarness source = InMemory();
        source.DoAll([.. RandomCommands.Make(new Random(5), 300)]);
        byte[] whole = Save(source.Store).ToArray();
        var random = new Random(1);
        for (int i = 0; i < 200; i++)
        {
            byte[] damaged = [.. whole];
            damaged[random.Next(damaged.Length)] ^= (byte)random.Next(1, 256);
            Assert.Throws<InvalidDataException>(() => BackupFile.Open(new MemoryStream(damaged), checkHash: true));

            // Without the hash not all damage is seen, but none makes the reader do anything but say so.
            try
            {
                BackupFile.Open(new MemoryStream(damaged), checkHash: false).Summarize();
            }
            catch (InvalidDataException exception)
            {
                Assert.StartsWith("the ", exception.Message, StringComparison.Ordinal);
            }
        }

        Assert.Throws<InvalidDataException>(() => BackupFile.Open(new MemoryStream(whole, 0, whole.Length / 2), checkHash: false).Summarize());
        Assert.Throws<InvalidDataException>(() => BackupFile.Open(new MemoryStream(whole, 0, whole.Length - 32), checkHash: true));
        Assert.Throws<InvalidDataException>(() => BackupFile.Open(new MemoryStream([1, 2, 3]), checkHash: false));
    }

    [Fact]
    public void A_backup_is_only_restored_into_a_new_store()
    {
        using StoreHarness source = InMemory();
        source.Put("a", "1");
        KeyValueStore.Import(new StoreOptions { DataDirectory = _directory }, BackupFile.Open(Save(source.Store), checkHash: true), Position);
        Assert.Throws<IOException>(() => KeyValueStore.Import(new StoreOptions { DataDirectory = _directory }, BackupFile.Open(Save(source.Store), checkHash: true), Position));
    }

    private static MemoryStream Save(KeyValueStore store)
    {
        var file = new MemoryStream();
        using StoreBackup backup = store.OpenBackup("3.4.0");
        backup.WriteTo(file);
        byte[] hash = SHA256.HashData(file.ToArray());
        file.Write(hash);
        return file;
    }
}
