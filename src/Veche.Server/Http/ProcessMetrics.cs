using System.Globalization;
using Prometheus;

namespace Veche.Server.Http;

/// <summary>Memory and open files of the process, under the names that Go's servers use. From <c>/proc</c>; where there is none, only the memory is told.</summary>
internal sealed class ProcessMetrics(MetricFactory make)
{
    private const string OpenFiles = "/proc/self/fd";
    private const string Limits = "/proc/self/limits";
    private const string LimitOfOpenFiles = "Max open files";

    private readonly Gauge _memory = make.CreateGauge("process_resident_memory_bytes", "Bytes of memory that the process takes.");
    private readonly Gauge _open = make.CreateGauge("process_open_fds", "Files that are open.");
    private readonly Gauge _most = make.CreateGauge("process_max_fds", "Most files that may be open.");
    private readonly Gauge _oldOpen = make.CreateGauge("os_fd_used", "Files that are open.");
    private readonly Gauge _oldMost = make.CreateGauge("os_fd_limit", "Most files that may be open.");

    /// <summary>Looks anew.</summary>
    public void Read()
    {
        _memory.Set(Environment.WorkingSet);
        if (!Directory.Exists(OpenFiles))
        {
            return;
        }

        int open = Directory.EnumerateFileSystemEntries(OpenFiles).Count();
        _open.Set(open);
        _oldOpen.Set(open);
        if (LimitOf(File.ReadLines(Limits)) is { } most)
        {
            _most.Set(most);
            _oldMost.Set(most);
        }
    }

    /// <summary>The soft limit, in a line such as "Max open files  1024  4096  files"; null when it says "unlimited" or nothing.</summary>
    internal static double? LimitOf(IEnumerable<string> lines) =>
        lines.FirstOrDefault(static line => line.StartsWith(LimitOfOpenFiles, StringComparison.Ordinal)) is { } line
        && double.TryParse(line[LimitOfOpenFiles.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries)[0], NumberStyles.None, CultureInfo.InvariantCulture, out double limit)
            ? limit
            : null;
}
