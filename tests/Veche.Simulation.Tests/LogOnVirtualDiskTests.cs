using Veche.Log;
using Veche.Raft;
using Veche.Simulation.Disks;

namespace Veche.Simulation.Tests;

public sealed class LogOnVirtualDiskTests
{
    private static readonly CrashPlan DropAll = new() { Keep = 0, Drop = 1, Tear = 0, Corrupt = 0 };
    private static readonly byte[] Payload = [.. Enumerable.Repeat((byte)7, 9000)];

    /// <summary>After a sync that failed the system takes for written what it is not: the next start must not say that it is durable before it is.</summary>
    [Fact]
    public void What_a_restart_finds_after_a_failed_sync_it_finds_again_after_a_power_loss()
    {
        // Each number of entries before the failure puts it somewhere else: in the middle of a segment, and in the first write of a new one.
        for (int before = 0; before < 40; before++)
        {
            var disk = new VirtualDisk();
            WriteAheadLog log = Open(disk).Log;
            for (int i = 1; i <= before; i++)
            {
                Append(log, i);
            }

            log.PrepareNextSegment();
            disk.NextSyncFails = true;
            Assert.Throws<LogFailedException>(() => Append(log, before + 1));
            log.Dispose();
            disk.ProcessEnded();
            LogRecovery first = Open(disk);
            first.Log.Dispose();
            disk.Crash(DropAll, new SimulationRandom(1));
            LogRecovery second = Open(disk);
            second.Log.Dispose();
            Assert.Equal(first.Start.Entries.Count, second.Start.Entries.Count);
            Assert.Equal(first.Start.HardState, second.Start.HardState);
        }
    }

    private static LogRecovery Open(VirtualDisk disk) =>
        WriteAheadLog.Open(disk, new LogOptions { Identity = new LogIdentity(1, new MemberId(2)), SegmentBytes = 64 << 10, InitialBase = new SnapshotPoint(LogPosition.Zero, Configuration.Of([new MemberId(2)])) });

    private static void Append(WriteAheadLog log, int index)
    {
        log.Write(new LogWrite { WriteId = index, HardState = new HardState(index, MemberId.None), Entries = [new Entry(index, index, EntryKind.Command, Payload)] });
        log.Sync();
    }
}
