using System.CommandLine;
using System.Text;
using Veche.Checking;
using Veche.Checking.Histories;
using Veche.Checking.Models;

namespace Veche.Cli;

/// <summary><c>veche check</c>: judges a history that was recorded anywhere.</summary>
internal static class CheckCommand
{
    private const int BadInput = 3;

    public static Command Create()
    {
        var path = new Argument<string>("history") { Description = "A file of JSON lines, or - for standard input." };
        var model = new Option<string>("--model") { Description = "What the history is a history of.", Required = true };
        model.AcceptOnlyFromAmong("register", "cas-register", "kv", "list-append");
        var initial = new Option<string?>("--initial") { Description = "The value, in JSON, that every key has at the start. Default: none." };
        var seconds = new Option<double>("--time-limit") { Description = "Seconds to search before the verdict is unknown.", DefaultValueFactory = static _ => 60 };
        var megabytes = new Option<int>("--memory-limit") { Description = "MiB that the search may hold before the verdict is unknown.", DefaultValueFactory = static _ => 1024 };
        seconds.Validators.Add(static result =>
        {
            if (result.GetValueOrDefault<double>() is not (> 0 and < 1e9))
            {
                result.AddError("--time-limit is a positive number of seconds");
            }
        });
        megabytes.Validators.Add(static result =>
        {
            if (result.GetValueOrDefault<int>() <= 0)
            {
                result.AddError("--memory-limit is a positive number of MiB");
            }
        });
        var command = new Command("check", "Judge a recorded history. Ends with 0 valid, 1 invalid, 2 unknown, 3 bad input.") { path, model, initial, seconds, megabytes };
        command.SetAction(parsed => Run(
            parsed.GetRequiredValue(path),
            parsed.GetRequiredValue(model),
            parsed.GetValue(initial),
            new CheckLimits { Time = TimeSpan.FromSeconds(parsed.GetValue(seconds)), MemoryBytes = (long)parsed.GetValue(megabytes) << 20 },
            parsed.InvocationConfiguration.Output,
            parsed.InvocationConfiguration.Error));
        return command;
    }

    /// <summary>A command line that cannot be read is bad input, not a verdict.</summary>
    public static int ExitCodeOf(ParseResult parsed, int code) =>
        parsed.Errors.Count > 0 && parsed.CommandResult.Command.Name is "check" or "explore" ? BadInput : code;

    private static int Run(string path, string modelName, string? initial, CheckLimits limits, TextWriter output, TextWriter error)
    {
        try
        {
            using Stream source = path == "-" ? Console.OpenStandardInput() : File.OpenRead(path);
            History history = HistoryReader.Read(source);
            HistoryVerdict verdict = HistoryChecker.Check(history, ModelOf(modelName), limits, InitialOf(initial, history.Symbols));
            return Tell(verdict, output);
        }
        catch (HistoryFormatException exception)
        {
            error.WriteLine($"veche: {path}: {exception.Message}");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or FormatException)
        {
            error.WriteLine($"veche: {exception.Message}");
        }

        return BadInput;
    }

    private static int Tell(HistoryVerdict verdict, TextWriter output)
    {
        string name = verdict.Verdict switch { Verdict.Valid => "valid", Verdict.Invalid => "invalid", _ => "unknown" };
        output.WriteLine($"{name}: {verdict.Summary}");
        foreach (string line in verdict.CounterExample)
        {
            output.WriteLine(line);
        }

        return (int)verdict.Verdict;
    }

    private static HistoryModel ModelOf(string name) => name switch
    {
        "register" => HistoryModel.Register,
        "cas-register" => HistoryModel.CasRegister,
        "kv" => HistoryModel.KeyValue,
        _ => HistoryModel.ListAppend,
    };

    // The reader of histories is the one that knows how JSON becomes a symbol.
    private static int InitialOf(string? json, Symbols symbols)
    {
        try
        {
            return json is null ? Symbols.Null : symbols.OfJson(Encoding.UTF8.GetBytes(json));
        }
        catch (FormatException)
        {
            throw new FormatException($"--initial {json} is no JSON string, number, true, false or null");
        }
    }
}
