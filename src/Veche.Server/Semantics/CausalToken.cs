using System.Globalization;

namespace Veche.Server.Semantics;

/// <summary>
/// What somebody has seen or done, as text that clients keep and pass on without looking into it. A read with it shows at least that.
/// The revision alone says it for keys: it is replicated, grows with every change of a key, and means the same state on every member, before
/// and after any failover. The index is for what has no revision yet: a write that was acknowledged before it was applied.
/// </summary>
/// <param name="ClusterId">Whose revisions they are.</param>
/// <param name="Revision">Revision to be seen; 0 for none.</param>
/// <param name="Index">Place in the log to be applied; 0 for none.</param>
/// <param name="Term">Term when it was given out, for people.</param>
public readonly record struct CausalToken(ulong ClusterId, long Revision, long Index, long Term)
{
    /// <summary>Most tokens in one request.</summary>
    public const int MaxTokens = 64;

    private const string Version = "v1";

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Version}-{ClusterId:x}-{Revision:x}-{Index:x}-{Term:x}");

    /// <summary>Reads one token, or several with commas between them as one that is as late as the latest of them.</summary>
    /// <exception cref="FormatException">It is none, or they are of different clusters.</exception>
    public static CausalToken Parse(string text)
    {
        string[] parts = text.Split(',', MaxTokens + 1, StringSplitOptions.TrimEntries);
        if (parts.Length > MaxTokens)
        {
            throw new FormatException($"more than {MaxTokens} tokens in one request; the newest of each member is enough");
        }

        CausalToken all = ParseOne(parts[0]);
        foreach (string part in parts.AsSpan(1))
        {
            CausalToken one = ParseOne(part);
            if (one.ClusterId != all.ClusterId)
            {
                throw new FormatException($"the tokens are of different clusters, {all.ClusterId:x} and {one.ClusterId:x}; a cluster knows only its own");
            }

            all = all with { Revision = Math.Max(all.Revision, one.Revision), Index = Math.Max(all.Index, one.Index), Term = Math.Max(all.Term, one.Term) };
        }

        return all;
    }

    private static CausalToken ParseOne(string text)
    {
        string[] parts = text.Split('-');
        return parts is [Version, string cluster, string revision, string index, string term]
            && ulong.TryParse(cluster, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong clusterId)
            && Number(revision) is { } revisionNumber && Number(index) is { } indexNumber && Number(term) is { } termNumber
                ? new CausalToken(clusterId, revisionNumber, indexNumber, termNumber)
                : throw new FormatException($"'{(text.Length > 80 ? text[..80] : text)}' is no token; send what a reply had in veche-token, as it was");
    }

    private static long? Number(string text) =>
        long.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out long value) && value >= 0 ? value : null;
}
