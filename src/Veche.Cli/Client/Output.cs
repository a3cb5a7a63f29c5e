using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Google.Protobuf;
using Spectre.Console;

namespace Veche.Cli.Client;

/// <summary>In which form answers are written.</summary>
internal enum OutputFormat
{
    Table,
    Json,
    Plain,
}

/// <summary>Where answers go.</summary>
internal sealed class Output(TextWriter writer, OutputFormat format)
{
    public OutputFormat Format => format;

    public static bool IsTerminal(TextWriter writer) => ReferenceEquals(writer, Console.Out) && !Console.IsOutputRedirected;

    public void WriteLine(string line) => writer.WriteLine(line);

    /// <summary>One line of JSON; what is null is left out.</summary>
    public void WriteJson<T>(T value, JsonTypeInfo<T> shape) => writer.WriteLine(JsonSerializer.Serialize(value, shape));

    /// <summary>The bytes as they are, and a line end.</summary>
    public void WriteRaw(ByteString bytes)
    {
        if (ReferenceEquals(writer, Console.Out))
        {
            writer.Flush();
            using Stream stream = Console.OpenStandardOutput();
            stream.Write(bytes.Span);
            stream.WriteByte((byte)'\n');
        }
        else
        {
            writer.WriteLine(bytes.ToStringUtf8());
        }
    }

    public void WriteTable(IEnumerable<string> columns, IEnumerable<IEnumerable<string>> rows)
    {
        var table = new Table { Border = TableBorder.Rounded };
        foreach (string column in columns)
        {
            table.AddColumn(column);
        }

        foreach (IEnumerable<string> row in rows)
        {
            table.AddRow([.. row.Select(Markup.Escape)]);
        }

        Write(table);
    }

    public void Write(Table table)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(writer), Ansi = IsTerminal(writer) ? AnsiSupport.Detect : AnsiSupport.No });
        if (!IsTerminal(writer))
        {
            // Nobody's window: lines as long as they need to be.
            console.Profile.Width = 10_000;
        }

        console.Write(table);
    }
}
