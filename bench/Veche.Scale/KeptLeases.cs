using Grpc.Net.Client;
using Veche.Api;

namespace Veche.Scale;

/// <summary>Leases, and one stream at each member on which they are kept alive in turn.</summary>
internal sealed class KeptLeases(GrpcChannel[] channels, int count, int ttlSeconds) : IAsyncDisposable
{
    private readonly Lease.LeaseClient[] _clients = [.. channels.Select(static channel => new Lease.LeaseClient(channel))];
    private readonly List<long> _ids = [];
    private readonly List<KeepAliveStream> _streams = [];

    public int Count => _ids.Count;

    public async Task GrantAsync()
    {
        for (int i = 0; i < count; i++)
        {
            _ids.Add((await _clients[i % _clients.Length].LeaseGrantAsync(new LeaseGrantRequest { TTL = ttlSeconds })).ID);
        }

        _streams.AddRange(_clients.Select(static client => new KeepAliveStream(client.LeaseKeepAlive())));
    }

    /// <summary>Keeps one of them alive. Each lease has its member, so that nobody overtakes anybody.</summary>
    public Task KeepAliveAsync(int number) => _streams[number % _ids.Count % _streams.Count].KeepAliveAsync(_ids[number % _ids.Count]);

    /// <summary>How many the cluster has let expire.</summary>
    public async Task<int> CountExpiredAsync()
    {
        LeaseTimeToLiveResponse[] left = await Task.WhenAll(_ids.Select((id, i) => _clients[i % _clients.Length].LeaseTimeToLiveAsync(new LeaseTimeToLiveRequest { ID = id }).ResponseAsync));
        return left.Count(static one => one.TTL <= 0);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (KeepAliveStream stream in _streams)
        {
            await stream.DisposeAsync();
        }
    }
}
