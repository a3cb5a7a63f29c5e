using System.CommandLine;

namespace Veche.Cli.Client;

/// <summary><c>-o table|json|plain</c>.</summary>
internal static class OutputOption
{
    public static readonly Option<string?> Format = Make();

    public static OutputFormat Of(ParseResult parsed, OutputFormat? standard = null) => parsed.GetValue(Format) switch
    {
        "table" => OutputFormat.Table,
        "json" => OutputFormat.Json,
        "plain" or "simple" => OutputFormat.Plain,
        _ => standard ?? (Output.IsTerminal(parsed.InvocationConfiguration.Output) ? OutputFormat.Table : OutputFormat.Plain),
    };

    private static Option<string?> Make()
    {
        var option = new Option<string?>("--output", "-o", "--write-out", "-w") { Description = "table, json, or plain, which is etcdctl's simple form. Default: table at a terminal, else plain." };
        option.AcceptOnlyFromAmong("table", "json", "plain", "simple");
        return option;
    }
}
