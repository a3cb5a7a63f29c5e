using Google.Protobuf;
using Veche.Api;
using Veche.Api.Commands;
using Veche.Server.Options;

namespace Veche.Server.Semantics;

/// <summary>
/// What an operator has set for writes that come without a concern of their own: profiles by name, a profile or concern for keys with a prefix (the
/// longest that fits counts), and one for all others.
/// </summary>
internal sealed class WriteSettings
{
    private static readonly Dictionary<string, string> BuiltIn = new(StringComparer.Ordinal)
    {
        ["critical"] = "majority+applied",
        ["normal"] = "majority",
        ["disposable"] = "leader",
    };

    private readonly List<(byte[] Prefix, WriteConcern Concern)> _byPrefix = [];
    private readonly WriteConcern? _otherwise;

    /// <param name="profiles"><c>--veche-profile</c>: name=concern, more of them with a semicolon between.</param>
    /// <param name="prefixes"><c>--veche-prefix-profile</c>: prefix=profile or concern, likewise.</param>
    /// <param name="otherwise"><c>--veche-write-concern</c>: a profile or concern; empty for none.</param>
    /// <exception cref="OptionException">One makes no sense.</exception>
    public WriteSettings(string profiles, string prefixes, string otherwise)
    {
        Dictionary<string, WriteConcern> named = [];
        foreach ((string name, string concern) in BuiltIn)
        {
            named[name] = WriteConcern.Parse(concern);
        }

        foreach ((string name, string concern) in Pairs("veche-profile", profiles))
        {
            named[name] = Concern("veche-profile", concern, []);
        }

        foreach ((string prefix, string profile) in Pairs("veche-prefix-profile", prefixes))
        {
            _byPrefix.Add((System.Text.Encoding.UTF8.GetBytes(prefix), Concern("veche-prefix-profile", profile, named)));
        }

        // The longest first, so that the first that fits is the one that counts.
        _byPrefix.Sort(static (left, right) => right.Prefix.Length.CompareTo(left.Prefix.Length));
        _otherwise = otherwise.Length > 0 ? Concern("veche-write-concern", otherwise, named) : null;
    }

    /// <summary>Nothing is set: the concern of every write is its own, or the usual.</summary>
    public bool IsEmpty => _byPrefix.Count == 0 && _otherwise is null;

    /// <summary>What a command gets by its keys; of several the strongest. Null when nothing is set for it.</summary>
    public WriteConcern? For(Command command)
    {
        if (IsEmpty)
        {
            return null;
        }

        return command.BodyCase switch
        {
            Command.BodyOneofCase.Put => ForKey(command.Put.Key),
            Command.BodyOneofCase.DeleteRange => ForKey(command.DeleteRange.Key),
            Command.BodyOneofCase.Txn => ForTransaction(command.Txn),
            _ => null,
        };
    }

    private WriteConcern? ForTransaction(TxnRequest request)
    {
        WriteConcern? strongest = null;
        foreach (RequestOp operation in request.Success.Concat(request.Failure))
        {
            WriteConcern? concern = operation.RequestCase switch
            {
                RequestOp.RequestOneofCase.RequestPut => ForKey(operation.RequestPut.Key),
                RequestOp.RequestOneofCase.RequestDeleteRange => ForKey(operation.RequestDeleteRange.Key),
                RequestOp.RequestOneofCase.RequestTxn => ForTransaction(operation.RequestTxn),
                _ => null,
            };
            if (concern is not null && (strongest is null || Strength(concern).CompareTo(Strength(strongest)) > 0))
            {
                strongest = concern;
            }
        }

        return strongest;
    }

    private WriteConcern? ForKey(ByteString key)
    {
        foreach ((byte[] prefix, WriteConcern concern) in _byPrefix)
        {
            if (key.Span.StartsWith(prefix))
            {
                return concern;
            }
        }

        return _otherwise;
    }

    private static (WriteLevel Level, bool Applied, int Count) Strength(WriteConcern concern) => (concern.Level, concern.Applied, concern.Count);

    /// <summary>Semicolons, because <c>any:2(a,b)</c> has commas in it; a list in YAML is joined with commas, so these part too where they stand outside of brackets.</summary>
    private static IEnumerable<(string Name, string Value)> Pairs(string flag, string text)
    {
        int depth = 0;
        int start = 0;
        for (int i = 0; i <= text.Length; i++)
        {
            char at = i < text.Length ? text[i] : ';';
            depth += at == '(' ? 1 : at == ')' ? -1 : 0;
            if (at != ';' && (at != ',' || depth > 0))
            {
                continue;
            }

            string part = text[start..i].Trim();
            start = i + 1;
            if (part.Length == 0)
            {
                continue;
            }

            int equals = part.LastIndexOf('=');
            yield return equals >= 0 && equals < part.Length - 1
                ? (part[..equals], part[(equals + 1)..])
                : throw new OptionException($"--{flag} has '{part}'; it should be a list such as {(flag == "veche-profile" ? "audit=all;cache=leader" : "/config/=critical;/cache/=disposable")}");
        }
    }

    private static WriteConcern Concern(string flag, string text, Dictionary<string, WriteConcern> profiles)
    {
        if (profiles.TryGetValue(text, out WriteConcern? profile))
        {
            return profile;
        }

        try
        {
            return WriteConcern.Parse(text);
        }
        catch (FormatException exception)
        {
            throw new OptionException($"--{flag}: {exception.Message}{(profiles.Count > 0 ? $"; or one of the profiles {string.Join(", ", profiles.Keys)}" : string.Empty)}");
        }
    }
}
