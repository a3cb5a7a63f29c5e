using System.Globalization;

namespace Veche.Scale;

/// <summary>Resident memory of a process, as Linux counts it.</summary>
internal sealed class ServerMemory(int pid)
{
    /// <summary>Now, in MiB.</summary>
    public double ResidentMiB => Read("VmRSS:");

    /// <summary>The most since the last <see cref="ResetPeak"/>, in MiB.</summary>
    public double PeakMiB => Read("VmHWM:");

    /// <summary>Forgets the peak (needs the right to write to the process's clear_refs).</summary>
    public void ResetPeak() => File.WriteAllText($"/proc/{pid}/clear_refs", "5");

    private double Read(string field)
    {
        string line = File.ReadLines($"/proc/{pid}/status").First(line => line.StartsWith(field, StringComparison.Ordinal));
        return double.Parse(line[field.Length..].Replace("kB", string.Empty, StringComparison.Ordinal), CultureInfo.InvariantCulture) / 1024;
    }
}
