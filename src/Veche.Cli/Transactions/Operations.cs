using System.CommandLine;
using Veche.Api;
using Veche.Cli.Client;
using Veche.Cli.Keys;

namespace Veche.Cli.Transactions;

/// <summary>Operations in the words of the commands of the same name: <c>put k v</c>, <c>get k --prefix</c>, <c>del k</c>.</summary>
internal static class Operations
{
    /// <exception cref="CommandFailedException">It is none.</exception>
    public static RequestOp Parse(string text)
    {
        IReadOnlyList<string> words = Words.Split(text);
        return (words.Count > 0 ? words[0] : string.Empty) switch
        {
            "get" => new RequestOp { RequestRange = Read("get", words, text, ReadGet) },
            "put" => new RequestOp { RequestPut = Read("put", words, text, ReadPut) },
            "del" => new RequestOp { RequestDeleteRange = Read("del", words, text, ReadDelete) },
            _ => throw new CommandFailedException(ExitCode.Usage, $"'{text}' is no operation; there are get, put and del, with the options of the commands"),
        };
    }

    private static Func<ParseResult, RangeRequest> ReadGet(Command command) => new GetArguments(command).Read;

    private static Func<ParseResult, DeleteRangeRequest> ReadDelete(Command command) => new DeleteArguments(command).Read;

    private static Func<ParseResult, PutRequest> ReadPut(Command command)
    {
        var arguments = new PutArguments(command);
        return parsed => arguments.Read(parsed, static () => throw new CommandFailedException(ExitCode.Usage, "a put in a transaction needs its value: put KEY VALUE"));
    }

    private static T Read<T>(string name, IReadOnlyList<string> words, string text, Func<Command, Func<ParseResult, T>> arguments)
    {
        var command = new Command(name);
        Func<ParseResult, T> read = arguments(command);
        ParseResult parsed = command.Parse([.. words.Skip(1)]);
        UnknownOptions.Refuse(parsed);
        return parsed.Errors.Count == 0 ? read(parsed) : throw new CommandFailedException(ExitCode.Usage, $"'{text}': {parsed.Errors[0].Message}");
    }
}
