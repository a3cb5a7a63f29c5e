using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Veche.Server.Gateway;
using Veche.Server.Recipes;

namespace Veche.Server.Semantics;

/// <summary>The words between a client and the server that etcd does not have: metadata of a request, trailers of a reply; headers of both in JSON.</summary>
internal static class SemanticsHeaders
{
    public const string ReadConcern = "veche-read-concern";
    public const string WriteConcern = "veche-write-concern";
    public const string WriteTimeoutMs = "veche-write-timeout-ms";
    public const string After = "veche-after";
    public const string Session = "veche-session";
    public const string Sequence = "veche-sequence";
    public const string Token = "veche-token";
    public const string Revision = "veche-revision";
    public const string AgeMs = "veche-age-ms";
    public const string Warning = "veche-warning";
    public const string Outcome = "veche-outcome";

    private static readonly string[] RequestNames = [ReadConcern, After, Session, Sequence, WriteConcern, WriteTimeoutMs];

    /// <summary>What a client said under a name; several values with commas between them; null when it said nothing.</summary>
    public static string? Asked(this ServerCallContext context, string name) =>
        context is not DetachedCallContext && context.GetHttpContext().Request.Headers.TryGetValue(name, out Microsoft.Extensions.Primitives.StringValues values) && values.Count > 0
            ? values.ToString()
            : null;

    /// <summary>True when the client used any of these words: only then is it answered in them, so that etcd's clients are answered as fast as ever.</summary>
    public static bool SpeaksVeche(this ServerCallContext context)
    {
        if (context is DetachedCallContext)
        {
            return false;
        }

        IHeaderDictionary headers = context.GetHttpContext().Request.Headers;
        foreach (string name in RequestNames)
        {
            if (headers.ContainsKey(name))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Says something beside the reply.</summary>
    public static void Say(this ServerCallContext context, string name, string value)
    {
        if (context is GatewayCallContext)
        {
            HttpResponse response = context.GetHttpContext().Response;
            if (!response.HasStarted)
            {
                response.Headers[name] = value;
            }
        }
        else
        {
            context.ResponseTrailers.Add(name, value);
        }
    }
}
