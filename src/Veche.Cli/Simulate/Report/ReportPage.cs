using System.Net;
using System.Reflection;
using System.Text;
using Veche.Simulation;
using Veche.Simulation.Tracing;

namespace Veche.Cli.Simulate.Report;

/// <summary>One self-contained page that shows a simulated run: a frame of HTML, a style, scripts, and the run as JSON. It asks no network for anything.</summary>
internal static class ReportPage
{
    /// <summary>The scripts, in the order in which they need each other.</summary>
    private static readonly string[] Scripts = ["model.js", "intervals.js", "view.js", "paint.js", "picture.js", "overview.js", "list.js", "main.js"];

    /// <summary>Makes the page.</summary>
    /// <param name="result">How the run ended.</param>
    /// <param name="trace">What happened in it.</param>
    /// <param name="command">The command line that runs it again.</param>
    public static string Create(SimulationResult result, TraceRecorder trace, string command) => new StringBuilder(Part("page.html"))
        .Replace("{{title}}", WebUtility.HtmlEncode($"Veche: seed {result.Plan.Seed}{(result.Violation is { } violation ? $", {violation.Property}" : string.Empty)}"))
        .Replace("{{style}}", Part("page.css"))
        .Replace("{{script}}", string.Join('\n', Scripts.Select(Part)))
        .Replace("{{run}}", ReportData.Write(result, trace, command))
        .ToString();

    private static string Part(string name)
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream($"report/{name}") ?? throw new InvalidOperationException($"the page has no part {name}");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
