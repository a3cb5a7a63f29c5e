using System.Globalization;

namespace Veche.Conformance;

/// <summary>A file system of its own, in memory, that a test can fill up. Mounting one needs root.</summary>
internal sealed class SmallDisk : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("veche-small-disk-").FullName;

    private SmallDisk()
    {
    }

    /// <summary>Where a member may keep its data.</summary>
    public string DataDirectory => Path.Combine(_directory, "data");

    private string Filler => Path.Combine(_directory, "filler");

    public static async Task<SmallDisk> MountAsync(int mib)
    {
        var disk = new SmallDisk();
        Output mounted = await Processes.RunAsync("mount", "-t", "tmpfs", "-o", string.Create(CultureInfo.InvariantCulture, $"size={mib}m"), "veche-small-disk", disk._directory);
        Assert.True(mounted.ExitCode == 0, "a file system for this test cannot be mounted (is this root?): " + mounted.Errors);
        return disk;
    }

    /// <summary>Leaves so much to the member and no more.</summary>
    public void Fill(int freeMib)
    {
        using var file = new FileStream(Filler, FileMode.Append, FileAccess.Write);
        byte[] mib = new byte[1 << 20];
        while (new DriveInfo(_directory).AvailableFreeSpace >> 20 > freeMib)
        {
            file.Write(mib);
            file.Flush();
        }
    }

    public void MakeRoom() => File.Delete(Filler);

    public void Dispose()
    {
        using (System.Diagnostics.Process unmount = Processes.Start("umount", ["-l", _directory], out _))
        {
            unmount.WaitForExit();
        }

        Directory.Delete(_directory, recursive: true);
    }
}
