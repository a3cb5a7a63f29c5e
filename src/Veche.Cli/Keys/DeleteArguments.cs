using System.CommandLine;
using Veche.Api;

namespace Veche.Cli.Keys;

/// <summary>What is said of a deletion, on a command line or in a transaction.</summary>
internal sealed class DeleteArguments
{
    private readonly KeyRangeArguments _range;
    private readonly Option<bool> _previous = new("--prev-kv") { Description = "Show what was there before." };

    public DeleteArguments(Command command)
    {
        _range = new KeyRangeArguments(command);
        command.Options.Add(_previous);
    }

    public DeleteRangeRequest Read(ParseResult parsed)
    {
        KeyRange range = _range.Read(parsed);
        return new DeleteRangeRequest { Key = range.Key, RangeEnd = range.End, PrevKv = parsed.GetValue(_previous) };
    }
}
