using Grpc.Core;

namespace Veche.Server.Semantics;

/// <summary>The words between a client and the server that etcd does not have: metadata of a request, trailers of a reply; headers of both in JSON.</summary>
internal static class SemanticsHeaders
{
    public const string ReadConcern = "veche-read-concern";
    public const string After = "veche-after";
    public const string Session = "veche-session";
    public const string Sequence = "veche-sequence";
    public const string Token = "veche-token";
    public const string Revision = "veche-revision";
    public const string AgeMs = "veche-age-ms";
    public const string Warning = "veche-warning";
    public const string Outcome = "veche-outcome";

    private const string Prefix = "veche-";

    /// <summary>What a client said under a name; several values with commas between them; null when it said nothing.</summary>
    public static string? Asked(this ServerCallContext context, string name)
    {
        string? said = null;
        foreach (Metadata.Entry entry in context.RequestHeaders)
        {
            if (!entry.IsBinary && entry.Key == name)
            {
                said = said is null ? entry.Value : $"{said},{entry.Value}";
            }
        }

        return said;
    }

    /// <summary>True when the client used any of these words: only then is it answered in them, so that etcd's clients are answered as fast as ever.</summary>
    public static bool SpeaksVeche(this ServerCallContext context)
    {
        foreach (Metadata.Entry entry in context.RequestHeaders)
        {
            if (entry.Key.StartsWith(Prefix, StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Says something beside the reply.</summary>
    public static void Say(this ServerCallContext context, string name, string value) => context.ResponseTrailers.Add(name, value);
}
