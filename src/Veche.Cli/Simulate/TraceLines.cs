using System.Globalization;
using Veche.Simulation.Tracing;

namespace Veche.Cli.Simulate;

/// <summary>One line for each event.</summary>
internal static class TraceLines
{
    public static void Print(TraceEvent happened)
    {
        string member = happened.Member < 0 ? "world" : $"m{happened.Member + 1}";
        string client = $"c{happened.Client}";
        (string who, string whom) = happened.Message switch
        {
            TraceMessage.Request => (client, member),
            TraceMessage.Reply => (member, client),
            _ => (member, $"m{happened.Other + 1}"),
        };
        string what = happened.Kind switch
        {
            TraceKind.Message => $"-> {whom}  {happened.Text}{(happened.Term > 0 ? $" (term {happened.Term})" : string.Empty)}{(happened.EndNs < 0 ? "  LOST" : string.Create(CultureInfo.InvariantCulture, $"  arrives {happened.EndNs / 1e9:F6}"))}",
            TraceKind.Violation => $"VIOLATION  {happened.Text}",
            _ => happened.Text,
        };
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{happened.TimeNs / 1e9,12:F6}  {who,-6} {what}"));
    }
}
