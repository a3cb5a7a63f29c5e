using Veche.Raft;
using static Veche.Log.Tests.LogHarness;

namespace Veche.Log.Tests;

public sealed class RealDiskTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("veche-log-").FullName;

    [Fact]
    public void A_log_in_a_real_directory_survives_reopening()
    {
        using (var disk = new RealDisk(_directory))
        using (WriteAheadLog log = Open(disk).Log)
        {
            for (int i = 1; i <= 50; i++)
            {
                log.PrepareNextSegment();
                log.Write(Entries(i, i, 1, 4000));
                log.Sync();
            }
        }

        using (var disk = new RealDisk(_directory))
        using (WriteAheadLog log = Open(disk).Log)
        {
            Assert.Equal(50, ReadAll(log).Count);
            log.Compact(new LogPosition(40, 1), Members);
        }

        using var again = new RealDisk(_directory);
        using WriteAheadLog compacted = Open(again).Log;
        Assert.Equal(new LogPosition(40, 1), compacted.Base);
    }

    [Fact]
    public void A_directory_belongs_to_one_at_a_time()
    {
        using var disk = new RealDisk(_directory);
        Assert.Contains(_directory, Assert.Throws<DirectoryInUseException>(() => new RealDisk(_directory)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_preallocated_file_is_zeros_to_its_end()
    {
        using var disk = new RealDisk(_directory);
        using IDiskFile file = disk.Open("x");
        file.Preallocate(3_000_001);
        file.Sync();
        byte[] bytes = new byte[3_000_001];
        Assert.Equal(bytes.Length, file.Read(0, bytes));
        Assert.Equal(-1, bytes.AsSpan().IndexOfAnyExcept((byte)0));
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);
}
