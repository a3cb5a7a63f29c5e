using System.Globalization;

namespace Veche.Client;

/// <summary>What a read may show. The weaker it is, the sooner and the more surely there is an answer.</summary>
public sealed record ReadConcern
{
    private ReadConcern(string text) => Text = text;

    /// <summary>Everything that was acknowledged before the read was asked. What servers do unless they are told otherwise.</summary>
    public static ReadConcern Linearizable { get; } = new("linearizable");

    /// <summary>The same by the leader's lease; refused by servers whose clocks are not bounded.</summary>
    public static ReadConcern Lease { get; } = new("lease");

    /// <summary>At least what this client has written and seen.</summary>
    public static ReadConcern Session { get; } = new("session");

    /// <summary>At least what the one had seen whose token is given (<see cref="CallSettings.After"/>).</summary>
    public static ReadConcern Causal { get; } = new("causal");

    /// <summary>Whatever the member has, however old.</summary>
    public static ReadConcern Stale { get; } = new("stale");

    /// <summary>As it is said to the server.</summary>
    public string Text { get; }

    internal bool WantsToken => Text is "session" or "causal";

    /// <summary>No older than so many revisions, or so long, or both. At least one is given.</summary>
    public static ReadConcern Bounded(long? revisions = null, TimeSpan? age = null)
    {
        if (revisions is null && age is null)
        {
            throw new ArgumentException("A bounded read says how many revisions, or how long, it may be behind.");
        }

        ArgumentOutOfRangeException.ThrowIfNegative(revisions ?? 0);
        ArgumentOutOfRangeException.ThrowIfNegative(age?.TotalMilliseconds ?? 0);
        List<string> bounds = [];
        if (revisions is { } count)
        {
            bounds.Add("revisions=" + count.ToString(CultureInfo.InvariantCulture));
        }

        if (age is { } time)
        {
            bounds.Add("ms=" + ((long)time.TotalMilliseconds).ToString(CultureInfo.InvariantCulture));
        }

        return new ReadConcern("bounded:" + string.Join(',', bounds));
    }

    /// <inheritdoc/>
    public override string ToString() => Text;
}
