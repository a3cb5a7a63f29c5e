using System.Globalization;

namespace Veche.Scale;

/// <summary>What a process takes, as Linux counts it.</summary>
internal sealed class ServerUse(int pid)
{
    /// <summary>Now, in MiB.</summary>
    public double ResidentMiB => Read("VmRSS:");

    /// <summary>The most since the last <see cref="ResetPeak"/>, in MiB.</summary>
    public double PeakMiB => Read("VmHWM:");

    /// <summary>Forgets the peak (needs the right to write to the process's clear_refs).</summary>
    public void ResetPeak() => File.WriteAllText($"/proc/{pid}/clear_refs", "5");

    /// <summary>Processor time so far, in clock ticks of 10 ms.</summary>
    public long CpuTicks
    {
        get
        {
            // The name may have spaces in it; what follows it has not.
            string stat = File.ReadAllText($"/proc/{pid}/stat");
            string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture);
        }
    }

    private double Read(string field)
    {
        string line = File.ReadLines($"/proc/{pid}/status").First(line => line.StartsWith(field, StringComparison.Ordinal));
        return double.Parse(line[field.Length..].Replace("kB", string.Empty, StringComparison.Ordinal), CultureInfo.InvariantCulture) / 1024;
    }
}
