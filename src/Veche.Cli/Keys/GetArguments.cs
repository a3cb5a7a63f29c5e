using System.CommandLine;
using Veche.Api;

namespace Veche.Cli.Keys;

/// <summary>What is said of a read, on a command line or in a transaction.</summary>
internal sealed class GetArguments
{
    private readonly KeyRangeArguments _range;
    private readonly Option<long> _limit = new("--limit") { Description = "So many keys at most; 0 for all." };
    private readonly Option<long> _revision = new("--rev") { Description = "As of this revision; 0 for now." };
    private readonly Option<bool> _serializable = new("--serializable") { Description = "What the member that is asked has, which may be old. Works without a quorum." };
    private readonly Option<string> _sortBy = new("--sort-by") { Description = "key, version, create, modify or value.", DefaultValueFactory = static _ => "key" };
    private readonly Option<string?> _order = new("--order") { Description = "ascend or descend." };

    public GetArguments(Command command)
    {
        _range = new KeyRangeArguments(command);
        _sortBy.AcceptOnlyFromAmong("key", "version", "create", "modify", "value");
        _order.AcceptOnlyFromAmong("ascend", "descend");
        foreach (Option option in (Option[])[_limit, _revision, KeysOnly, CountOnly, _serializable, _sortBy, _order])
        {
            command.Options.Add(option);
        }
    }

    public Option<bool> KeysOnly { get; } = new("--keys-only") { Description = "Without values." };

    public Option<bool> CountOnly { get; } = new("--count-only") { Description = "Only how many there are." };

    public RangeRequest Read(ParseResult parsed)
    {
        KeyRange range = _range.Read(parsed);
        string sortBy = parsed.GetValue(_sortBy)!;
        return new RangeRequest
        {
            Key = range.Key,
            RangeEnd = range.End,
            Limit = parsed.GetValue(_limit),
            Revision = parsed.GetValue(_revision),
            Serializable = parsed.GetValue(_serializable),
            KeysOnly = parsed.GetValue(KeysOnly),
            CountOnly = parsed.GetValue(CountOnly),
            SortTarget = sortBy switch
            {
                "version" => RangeRequest.Types.SortTarget.Version,
                "create" => RangeRequest.Types.SortTarget.Create,
                "modify" => RangeRequest.Types.SortTarget.Mod,
                "value" => RangeRequest.Types.SortTarget.Value,
                _ => RangeRequest.Types.SortTarget.Key,
            },
            SortOrder = parsed.GetValue(_order) switch
            {
                "descend" => RangeRequest.Types.SortOrder.Descend,
                "ascend" => RangeRequest.Types.SortOrder.Ascend,

                // Who names a target wants the order, too; keys are in order as they are.
                _ => sortBy == "key" ? RangeRequest.Types.SortOrder.None : RangeRequest.Types.SortOrder.Ascend,
            },
        };
    }
}
