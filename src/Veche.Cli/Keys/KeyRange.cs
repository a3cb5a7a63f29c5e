using System.CommandLine;
using Google.Protobuf;
using Veche.Cli.Client;

namespace Veche.Cli.Keys;

/// <summary>The keys a command is about.</summary>
/// <param name="Key">The first.</param>
/// <param name="End">The first that is not meant; empty for one key alone, one zero byte for all from <paramref name="Key"/>.</param>
internal sealed record KeyRange(ByteString Key, ByteString End)
{
    private static readonly ByteString Zero = ByteString.CopyFrom(0);

    /// <exception cref="CommandFailedException">More than one of the three was said.</exception>
    public static KeyRange Of(string key, string? end, bool prefix, bool fromKey)
    {
        if ((end is null ? 0 : 1) + (prefix ? 1 : 0) + (fromKey ? 1 : 0) > 1)
        {
            throw new CommandFailedException(ExitCode.Usage, "RANGE_END, --prefix and --from-key exclude each other");
        }

        ByteString first = ByteString.CopyFromUtf8(key);
        if ((prefix || fromKey) && first.IsEmpty)
        {
            return new KeyRange(Zero, Zero);
        }

        return new KeyRange(first, prefix ? PrefixEnd(first) : fromKey ? Zero : ByteString.CopyFromUtf8(end ?? string.Empty));
    }

    /// <summary>The least key after all that begin with this one: it, with the last byte that is not 255 one more and nothing after.</summary>
    private static ByteString PrefixEnd(ByteString prefix)
    {
        byte[] bytes = prefix.ToByteArray();
        int last = bytes.AsSpan().LastIndexOfAnyExcept((byte)0xff);
        if (last < 0)
        {
            return Zero;
        }

        bytes[last]++;
        return ByteString.CopyFrom(bytes, 0, last + 1);
    }
}

/// <summary>KEY, RANGE_END, --prefix and --from-key, for one command.</summary>
internal sealed class KeyRangeArguments
{
    private readonly Argument<string> _key = new("KEY") { Description = "The key, or where the range begins. Together with --prefix or --from-key it may be ''." };
    private readonly Argument<string?> _end = new("RANGE_END") { Description = "The first key that is not meant any more.", Arity = ArgumentArity.ZeroOrOne };
    private readonly Option<bool> _prefix = new("--prefix") { Description = "All keys that begin with KEY." };
    private readonly Option<bool> _fromKey = new("--from-key") { Description = "All keys from KEY on." };

    public KeyRangeArguments(Command command)
    {
        command.Arguments.Add(_key);
        command.Arguments.Add(_end);
        command.Options.Add(_prefix);
        command.Options.Add(_fromKey);
    }

    public KeyRange Read(ParseResult parsed) => KeyRange.Of(parsed.GetRequiredValue(_key), parsed.GetValue(_end), parsed.GetValue(_prefix), parsed.GetValue(_fromKey));
}
