using Veche.Log;
using Veche.Simulation.Disks;

namespace Veche.Simulation.Tests;

public sealed class VirtualDiskTests
{
    private static readonly CrashPlan DropAll = new() { Keep = 0, Drop = 1, Tear = 0, Corrupt = 0 };
    private static readonly CrashPlan KeepAll = new() { Keep = 1, Drop = 0, Tear = 0, Corrupt = 0 };
    private readonly SimulationRandom _random = new(7);

    [Fact]
    public void What_was_synced_survives_and_what_was_not_may_be_lost()
    {
        VirtualDisk disk = Written(out IDiskFile file);
        file.Write(0, Filled(600, 2));
        disk.Crash(DropAll, _random);
        Assert.Equal(Filled(600, 1), Content(disk));
    }

    [Fact]
    public void A_write_is_proven_by_one_that_came_after_it_was_durable_and_survived()
    {
        var disk = new VirtualDisk();
        IDiskFile file = disk.Open("file");
        FileContent content = disk.ContentOf("file");
        file.Write(0, Filled(600, 1));
        file.Sync();
        Assert.Equal(0, content.ProvenLength);
        file.Write(600, Filled(600, 2));
        Assert.Equal(0, content.ProvenLength);
        file.Sync();
        Assert.Equal(600, content.ProvenLength);
        file.Sync();
        Assert.Equal(600, content.ProvenLength);
        disk.SyncDirectory();
        file.Write(1200, Filled(600, 3));
        disk.Crash(DropAll, _random);
        Assert.Equal(600, content.ProvenLength);
        file.Write(1200, new byte[600]);
        file.Sync();
        Assert.Equal(600, content.ProvenLength);
    }

    [Fact]
    public void What_was_not_synced_may_survive()
    {
        VirtualDisk disk = Written(out IDiskFile file);
        file.Write(100, Filled(600, 2));
        disk.Crash(KeepAll, _random);
        Assert.Equal([.. Filled(100, 1), .. Filled(600, 2)], Content(disk));
    }

    [Fact]
    public void A_torn_sector_begins_new_and_ends_old()
    {
        VirtualDisk disk = Written(out IDiskFile file);
        file.Write(0, Filled(512, 2));
        disk.Crash(new CrashPlan { Keep = 0, Drop = 0, Tear = 1, Corrupt = 0 }, _random);
        byte[] content = Content(disk);
        int turn = Array.IndexOf(content, (byte)1);
        Assert.All(content[..turn], static value => Assert.Equal(2, value));
        Assert.All(content[turn..], static value => Assert.Equal(1, value));
    }

    [Fact]
    public void Corruption_stays_where_something_was_to_change()
    {
        VirtualDisk disk = Written(out IDiskFile file);
        file.Write(100, Filled(200, 2));
        disk.Crash(new CrashPlan { Keep = 0, Drop = 0, Tear = 0, Corrupt = 1 }, _random);
        byte[] content = Content(disk);
        Assert.Equal(Filled(100, 1), content[..100]);
        Assert.Equal(Filled(300, 1), content[300..]);
        Assert.NotEqual(Filled(200, 2), content[100..300]);
    }

    [Fact]
    public void After_a_failed_sync_only_writing_again_makes_bytes_durable()
    {
        foreach (bool writesAgain in new[] { false, true })
        {
            VirtualDisk disk = Written(out IDiskFile file);
            file.Write(0, Filled(600, 2));
            disk.NextSyncFails = true;
            Assert.Throws<IOException>(file.Sync);
            if (writesAgain)
            {
                file.Write(0, Filled(600, 2));
            }

            file.Sync();
            disk.Crash(DropAll, _random);
            Assert.Equal(Filled(600, writesAgain ? (byte)2 : (byte)1), Content(disk));
        }
    }

    [Fact]
    public void The_power_goes_at_the_operation_it_is_told_to()
    {
        VirtualDisk disk = Written(out IDiskFile file);
        disk.OperationsUntilCrash = 1;
        file.Write(0, Filled(600, 2));
        Assert.Throws<CrashException>(file.Sync);
    }

    [Fact]
    public void Names_are_durable_once_the_directory_is_synced()
    {
        VirtualDisk disk = Written(out _);
        disk.Rename("a", "b");
        bool sawOld = false;
        bool sawNew = false;
        for (ulong seed = 0; seed < 40; seed++)
        {
            VirtualDisk copy = Written(out _);
            copy.Rename("a", "b");
            copy.Crash(KeepAll, new SimulationRandom(seed));
            sawOld |= copy.Exists("a");
            sawNew |= copy.Exists("b");
            Assert.NotEqual(copy.Exists("a"), copy.Exists("b"));
        }

        Assert.True(sawOld && sawNew);
        disk.SyncDirectory();
        disk.Crash(DropAll, _random);
        Assert.True(disk.Exists("b"));
    }

    [Fact]
    public void A_full_disk_says_so()
    {
        VirtualDisk disk = Written(out IDiskFile file);
        disk.FreeBytes = 10;
        Assert.Throws<IOException>(() => file.Write(600, new byte[11]));
        file.Write(600, new byte[10]);
    }

    private static VirtualDisk Written(out IDiskFile file)
    {
        var disk = new VirtualDisk();
        file = disk.Open("a");
        file.Write(0, Filled(600, 1));
        file.Sync();
        disk.SyncDirectory();
        return disk;
    }

    private static byte[] Filled(int length, byte value)
    {
        byte[] bytes = new byte[length];
        Array.Fill(bytes, value);
        return bytes;
    }

    private static byte[] Content(VirtualDisk disk) => disk.ContentOf("a").Bytes.ToArray();
}
