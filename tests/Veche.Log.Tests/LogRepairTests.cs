using Veche.Raft;
using static Veche.Log.Tests.LogHarness;

namespace Veche.Log.Tests;

public sealed class LogRepairTests
{
    private const string Copy = "term-and-vote";

    [Fact]
    public void A_damaged_log_is_put_aside_and_the_new_one_begins_after_every_term_it_had_voted_in()
    {
        MemoryDisk disk = Damaged();
        Assert.Equal(4, LogRepair.Begin(disk, Options));
        Assert.Equal((RepairPhase.Begun, 4L), LogRepair.Read(disk));
        using WriteAheadLog log = Open(disk).Log;
        Assert.Equal(LogPosition.Zero, log.Last);
        Assert.Contains(disk.List(), static name => name.StartsWith("damaged-wal-", StringComparison.Ordinal));
        LogRepair.StateIsEmpty(disk);
        Assert.Equal((RepairPhase.Refilling, 4L), LogRepair.Read(disk));
        LogRepair.End(disk);
        Assert.Equal((RepairPhase.None, 0L), LogRepair.Read(disk));
    }

    [Fact]
    public void The_new_log_holds_the_later_term_and_no_vote()
    {
        MemoryDisk disk = Damaged();
        LogRepair.Begin(disk, Options);
        LogRecovery recovered = Open(disk);
        using WriteAheadLog log = recovered.Log;
        Assert.Equal(new HardState(5, MemberId.None), recovered.Start.HardState);
    }

    /// <summary>Each sync of the repair may be the last that happened; done again, it comes to the same, and the damaged records are still there.</summary>
    [Fact]
    public void A_repair_that_a_crash_interrupts_is_done_again()
    {
        byte[] damaged = Damaged().ReadAll(NewestSegment(Damaged()));
        for (int syncs = 0; syncs < 12; syncs++)
        {
            MemoryDisk disk = Damaged();
            var stopping = new StoppingDisk(disk, syncs);
            try
            {
                LogRepair.Begin(stopping, Options);
            }
            catch (IOException exception) when (exception is not LogOpenException)
            {
                Assert.True(stopping.HasStopped);
            }

            Assert.Equal(4, LogRepair.Begin(disk, Options));
            LogRecovery recovered = Open(disk);
            using WriteAheadLog log = recovered.Log;
            Assert.Equal(5, recovered.Start.HardState.Term);
            Assert.Equal(damaged, disk.ReadAll(disk.List().First(static name => name.StartsWith("damaged-", StringComparison.Ordinal))));
        }
    }

    [Theory]
    [InlineData(20)]
    [InlineData(45)]
    [InlineData(4096 + 45)]
    public void Without_a_whole_copy_of_term_and_vote_nothing_is_touched(int at)
    {
        MemoryDisk disk = Damaged();
        byte[] copy = disk.ReadAll(Copy);
        using (IDiskFile file = disk.Open(Copy))
        {
            file.Write(at, [(byte)(copy[at] ^ 4)]);
        }

        List<string> before = [.. disk.List()];
        Assert.Throws<LogDamagedException>(() => LogRepair.Begin(disk, Options));
        Assert.Equal(before, disk.List());
    }

    [Fact]
    public void A_copy_of_another_member_is_not_taken()
    {
        MemoryDisk disk = Damaged();
        Assert.Throws<LogDamagedException>(() => LogRepair.Begin(disk, Options with { Identity = new LogIdentity(7, new MemberId(2)) }));
    }

    [Fact]
    public void A_damaged_record_of_a_repair_is_not_taken_for_none()
    {
        MemoryDisk disk = Damaged();
        LogRepair.Begin(disk, Options);
        using (IDiskFile file = disk.Open("repair"))
        {
            file.Write(24, [9]);
        }

        Assert.Throws<LogDamagedException>(() => LogRepair.Read(disk));
    }

    /// <summary>The copy is never behind what was promised: whatever a crash leaves, it knows every term and vote that was synced.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_copy_is_durable_with_the_log(bool keepUnsynced)
    {
        var disk = new MemoryDisk(canCrash: true);
        using WriteAheadLog log = Open(disk).Log;
        for (int term = 1; term < 6; term++)
        {
            var state = new HardState(term, new MemberId((ulong)(term % 3)));
            log.Write(new LogWrite { WriteId = term, HardState = state });
            log.Sync();
            Assert.Equal(state, HardStateCopy.ReadWhole(disk.Crash(() => keepUnsynced), Identity));
        }
    }

    /// <summary>After a sync that failed, a file reads as it was written, and a loss of power shows that it is not. Found by veche sim, seed 868422786785000418.</summary>
    [Fact]
    public void A_copy_that_a_failed_sync_has_left_in_memory_is_written_again()
    {
        var disk = new MemoryDisk(canCrash: true);
        var state = new HardState(1, new MemberId(2));
        using (WriteAheadLog failing = Open(disk).Log)
        {
            disk.SyncFailure = "Input/output error";
            failing.Write(new LogWrite { WriteId = 1, HardState = state });
            Assert.Throws<LogFailedException>(failing.Sync);
        }

        disk.SyncFailure = null;
        using WriteAheadLog log = Open(disk).Log;
        log.Write(new LogWrite { WriteId = 1, HardState = state });
        log.Sync();
        Assert.Equal(state, HardStateCopy.ReadWhole(disk.Crash(static () => false), Identity));
    }

    /// <summary>Entries and votes, with a flipped bit where later records prove that it had been durable.</summary>
    private static MemoryDisk Damaged()
    {
        var disk = new MemoryDisk();
        using (WriteAheadLog log = Open(disk).Log)
        {
            log.Write(new LogWrite { WriteId = 1, HardState = new HardState(3, new MemberId(2)), Entries = Entries(1, 1, 3, 40, 41).Entries });
            log.Sync();
            log.Write(new LogWrite { WriteId = 2, HardState = new HardState(4, new MemberId(3)) });
            log.Sync();
        }

        string name = NewestSegment(disk);
        byte[] bytes = disk.ReadAll(name);
        int at = bytes.AsSpan().IndexOf(Payload(1, 3, 40)) + 7;
        using (IDiskFile file = disk.Open(name))
        {
            file.Write(at, [(byte)(bytes[at] ^ 1)]);
        }

        Assert.Throws<LogDamagedException>(() => Open(disk));
        return disk;
    }

    /// <summary>Does nothing more after so many syncs, as a process that is killed.</summary>
    private sealed class StoppingDisk(IDisk disk, int syncs) : IDisk
    {
        private int _left = syncs;

        public bool HasStopped => _left < 0;

        public long FreeBytes => disk.FreeBytes;

        public IReadOnlyList<string> List() => disk.List();

        public IDiskFile Open(string name) => new StoppingFile(this, disk.Open(name));

        public bool Exists(string name) => disk.Exists(name);

        public void Rename(string from, string to)
        {
            Go();
            disk.Rename(from, to);
        }

        public void Delete(string name)
        {
            Go();
            disk.Delete(name);
        }

        public void SyncDirectory() => Synced();

        private void Synced()
        {
            _left--;
            Go();
        }

        private void Go()
        {
            if (HasStopped)
            {
                throw new IOException("killed");
            }
        }

        private sealed class StoppingFile(StoppingDisk owner, IDiskFile file) : IDiskFile
        {
            public long Length => file.Length;

            public int Read(long offset, Span<byte> buffer) => file.Read(offset, buffer);

            public void Write(long offset, ReadOnlySpan<byte> data)
            {
                owner.Go();
                file.Write(offset, data);
            }

            public void Preallocate(long length) => file.Preallocate(length);

            public void Truncate(long length) => file.Truncate(length);

            public void Sync() => owner.Synced();

            public void Dispose() => file.Dispose();
        }
    }
}
