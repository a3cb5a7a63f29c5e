using System.Globalization;
using Veche.Hosting;
using Veche.Raft;

namespace Veche.Server.Semantics;

/// <summary>Names a request whose outcome its client was not told, as text that is kept and asked with.</summary>
/// <param name="Command">The command in the log, for a request without a session.</param>
/// <param name="Session">The session, for a request in one; else 0.</param>
/// <param name="Sequence">The request's number in the session.</param>
public readonly record struct OutcomeToken(CommandIdentity Command, long Session, long Sequence)
{
    /// <summary>For a request without a session.</summary>
    public static OutcomeToken Of(CommandIdentity command) => new(command, 0, 0);

    /// <summary>For a request in a session.</summary>
    public static OutcomeToken Of(long session, long sequence) => new(default, session, sequence);

    /// <inheritdoc/>
    public override string ToString() => Session != 0
        ? string.Create(CultureInfo.InvariantCulture, $"s1-{Session:x}-{Sequence:x}")
        : string.Create(CultureInfo.InvariantCulture, $"c1-{Command.Origin.Value:x}-{Command.Sequence:x}-{Command.AfterIndex:x}");

    /// <summary>Reads one.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static OutcomeToken Parse(string text) => text.Split('-') switch
    {
        ["s1", string session, string sequence] when Number(session) is { } id and > 0 && Number(sequence) is { } number => Of(id, number),
        ["c1", string origin, string sequence, string after] when ulong.TryParse(origin, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong member)
            && Number(sequence) is { } number && Number(after) is { } index => Of(new CommandIdentity(new MemberId(member), number, index)),
        _ => throw new FormatException($"'{(text.Length > 80 ? text[..80] : text)}' names no request; send what a reply had in {SemanticsHeaders.Outcome}, as it was"),
    };

    private static long? Number(string text) =>
        long.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out long value) && value >= 0 ? value : null;
}
