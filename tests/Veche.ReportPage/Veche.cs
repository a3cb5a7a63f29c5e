using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Veche.ReportPage;

/// <summary>Runs the command that was built, and says what it printed.</summary>
internal static partial class Veche
{
    private static readonly string Root = FindRoot();

    /// <summary>The command as it is.</summary>
    public static string Built => Path.Combine(Root, "src/Veche.Cli/bin/Release/net10.0/veche.dll");

    /// <summary>The command with a known bug in it (<c>eng/check-report</c> makes it).</summary>
    public static string Mutant => Environment.GetEnvironmentVariable("VECHE_MUTANT") ?? throw new InvalidOperationException("VECHE_MUTANT names no veche.dll with a bug in it: run eng/check-report");

    public static async Task<List<string>> Run(string command, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true };
        start.ArgumentList.Add(command);
        foreach (string argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        using Process process = Process.Start(start)!;
        List<string> lines = [];
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            lines.Add(line);
        }

        await process.WaitForExitAsync();
        return lines;
    }

    /// <summary>The lines of a trace: a time, who, and what.</summary>
    public static List<string> TraceOf(List<string> printed) => [.. printed.Where(static line => TraceLine().IsMatch(line))];

    [GeneratedRegex(@"^ *\d+\.\d{6}  (m\d+|c\d+|world) ")]
    private static partial Regex TraceLine();

    private static string FindRoot()
    {
        string directory = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(directory, "Veche.slnx")))
        {
            directory = Path.GetDirectoryName(directory) ?? throw new InvalidOperationException("not inside the repository");
        }

        return directory;
    }
}
