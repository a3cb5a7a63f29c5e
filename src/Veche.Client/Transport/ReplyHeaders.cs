using System.Globalization;
using Grpc.Core;

namespace Veche.Client.Transport;

/// <summary>The words between client and server that etcd does not have: metadata of a request, trailers of a reply. etcd passes them over.</summary>
internal static class ReplyHeaders
{
    public const string Outcome = "veche-outcome";

    public static Metadata Of(CallSettings settings, bool isWrite, string? lastToken)
    {
        Metadata headers = [];
        if (isWrite)
        {
            Add(headers, "veche-write-concern", settings.WriteConcern?.Text);
            Add(headers, "veche-write-timeout-ms", settings.WriteTimeout is { } wait ? Number((long)wait.TotalMilliseconds) : null);
        }
        else
        {
            Add(headers, "veche-read-concern", settings.ReadConcern?.Text);
            Add(headers, "veche-after", settings.After ?? (settings.ReadConcern?.WantsToken == true ? lastToken : null));
        }

        return headers;
    }

    public static void InSession(Metadata headers, string session, long sequence)
    {
        headers.Add("veche-session", session);
        headers.Add("veche-sequence", Number(sequence));
    }

    /// <summary>What to ask with about a write in a session: known before it is made.</summary>
    public static string OutcomeInSession(string session, long sequence) => string.Create(CultureInfo.InvariantCulture, $"s1-{session}-{sequence:x}");

    public static ReplyInfo Read(Metadata trailers, long revision) => new(
        revision,
        trailers.GetValue("veche-reached"),
        trailers.GetValue("veche-token"),
        long.TryParse(trailers.GetValue("veche-age-ms"), NumberStyles.None, CultureInfo.InvariantCulture, out long ms) ? TimeSpan.FromMilliseconds(ms) : null,
        trailers.GetValue("veche-warning"));

    private static void Add(Metadata headers, string name, string? value)
    {
        if (value is not null)
        {
            headers.Add(name, value);
        }
    }

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);
}
