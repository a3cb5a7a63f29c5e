using Grpc.Core;
using Microsoft.AspNetCore.Http;

namespace Veche.Server.Gateway;

/// <summary>A call that came as JSON, as the services see it.</summary>
internal sealed class GatewayCallContext(HttpContext http, string method) : ServerCallContext
{
    private const string MetadataPrefix = "Grpc-Metadata-";

    /// <summary>What requests say about their own semantics, and replies about what was reached: as headers, without a prefix before the prefix.</summary>
    private const string OwnPrefix = "veche-";

    protected override string MethodCore => method;

    protected override string HostCore => http.Request.Host.Value ?? string.Empty;

    protected override string PeerCore => $"{http.Connection.RemoteIpAddress}:{http.Connection.RemotePort}";

    protected override DateTime DeadlineCore => DateTime.MaxValue;

    /// <summary>What a gRPC client would find in the trailers of a reply is here in its headers.</summary>
    public void WriteTrailers()
    {
        foreach (Metadata.Entry entry in ResponseTrailersCore)
        {
            if (!entry.IsBinary && entry.Key.StartsWith(OwnPrefix, StringComparison.Ordinal) && !http.Response.HasStarted)
            {
                http.Response.Headers[entry.Key] = entry.Value;
            }
        }
    }

    protected override Metadata RequestHeadersCore { get; } = HeadersOf(http.Request.Headers);

    protected override CancellationToken CancellationTokenCore => http.RequestAborted;

    protected override Metadata ResponseTrailersCore { get; } = [];

    protected override Status StatusCore { get; set; }

    protected override WriteOptions? WriteOptionsCore { get; set; }

    /// <summary>Nobody is known by a certificate here, as in etcd: what speaks for others must not lend them its own name.</summary>
    protected override AuthContext AuthContextCore { get; } = new(null, []);

    protected override IDictionary<object, object> UserStateCore { get; } = new Dictionary<object, object> { ["__HttpContext"] = http };

    protected override Task WriteResponseHeadersAsyncCore(Metadata responseHeaders) => Task.CompletedTask;

    protected override ContextPropagationToken CreatePropagationTokenCore(ContextPropagationOptions? options) => throw new NotSupportedException("Calls are not passed on.");

    private static Metadata HeadersOf(IHeaderDictionary headers)
    {
        // The marks of grpc-gateway; by them a service knows that the call came this way.
        Metadata metadata = new() { { "grpcgateway-accept", headers.Accept.Count > 0 ? headers.Accept.ToString() : "*/*" } };
        if (headers.Authorization.Count > 0)
        {
            metadata.Add("authorization", headers.Authorization.ToString());
            metadata.Add("grpcgateway-authorization", headers.Authorization.ToString());
        }

        foreach ((string name, Microsoft.Extensions.Primitives.StringValues value) in headers)
        {
            if (name.StartsWith(MetadataPrefix, StringComparison.OrdinalIgnoreCase) && !name.EndsWith("-bin", StringComparison.OrdinalIgnoreCase)
                && !name.StartsWith(MetadataPrefix + "grpcgateway-", StringComparison.OrdinalIgnoreCase))
            {
                metadata.Add(name[MetadataPrefix.Length..].ToLowerInvariant(), value.ToString());
            }
            else if (name.StartsWith(OwnPrefix, StringComparison.OrdinalIgnoreCase))
            {
                metadata.Add(name.ToLowerInvariant(), value.ToString());
            }
        }

        return metadata;
    }
}
