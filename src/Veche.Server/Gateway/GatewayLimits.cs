using Veche.Server.Options;

namespace Veche.Server.Gateway;

/// <summary>How much the gateway takes on at once. All its callers together count as one client of gRPC, as they do with etcd.</summary>
internal sealed class GatewayLimits(ServerOptions options)
{
    private readonly SemaphoreSlim _calls = new(options.MaxConcurrentStreams);

    /// <summary>Longest body: a request that is as large as allowed, in base64, and what is around it.</summary>
    public long MaxBodyBytes { get; } = (2L * options.MaxRequestBytes) + (512 << 10);

    /// <summary>Waits for a place; disposing what is returned gives it back.</summary>
    public async Task<IDisposable> EnterAsync(CancellationToken cancellationToken)
    {
        await _calls.WaitAsync(cancellationToken).ConfigureAwait(false);
        return new Place(_calls);
    }

    private sealed class Place(SemaphoreSlim calls) : IDisposable
    {
        public void Dispose() => calls.Release();
    }
}
