using System.CommandLine;
using System.Globalization;
using Google.Protobuf;
using Veche.Api;
using Veche.Cli.Client;

namespace Veche.Cli.Keys;

/// <summary>What is said of a write, on a command line or in a transaction.</summary>
internal sealed class PutArguments
{
    private readonly Argument<string> _key = new("KEY") { Description = "The key." };
    private readonly Argument<string?> _value = new("VALUE") { Description = "The value; - or nothing reads it from standard input, byte for byte.", Arity = ArgumentArity.ZeroOrOne };
    private readonly Option<string?> _lease = new("--lease") { Description = "The key goes when this lease does (its id, in hexadecimal digits)." };
    private readonly Option<bool> _previous = new("--prev-kv") { Description = "Show what was there before." };
    private readonly Option<bool> _ignoreValue = new("--ignore-value") { Description = "Keep the value that is there." };
    private readonly Option<bool> _ignoreLease = new("--ignore-lease") { Description = "Keep the lease that is there." };

    public PutArguments(Command command)
    {
        command.Arguments.Add(_key);
        command.Arguments.Add(_value);
        foreach (Option option in (Option[])[_lease, _previous, _ignoreValue, _ignoreLease])
        {
            command.Options.Add(option);
        }
    }

    public PutRequest Read(ParseResult parsed, Func<ByteString> standardInput)
    {
        bool ignoreValue = parsed.GetValue(_ignoreValue);
        string? value = parsed.GetValue(_value);
        if (ignoreValue && value is not null)
        {
            throw new CommandFailedException(ExitCode.Usage, "--ignore-value keeps the value that is there: leave out VALUE");
        }

        return new PutRequest
        {
            Key = ByteString.CopyFromUtf8(parsed.GetRequiredValue(_key)),
            Value = ignoreValue ? ByteString.Empty : value is null or "-" ? standardInput() : ByteString.CopyFromUtf8(value),
            Lease = parsed.GetValue(_lease) is { } lease ? LeaseIds.Parse(lease) : 0,
            PrevKv = parsed.GetValue(_previous),
            IgnoreValue = ignoreValue,
            IgnoreLease = parsed.GetValue(_ignoreLease),
        };
    }
}

/// <summary>Leases are named in hexadecimal digits, as etcd prints them.</summary>
internal static class LeaseIds
{
    /// <exception cref="CommandFailedException">It is none.</exception>
    public static long Parse(string text) => long.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out long id)
        ? id
        : throw new CommandFailedException(ExitCode.Usage, $"'{text}' is no lease: its id is up to 16 hexadecimal digits, as `veche lease list` shows");
}
