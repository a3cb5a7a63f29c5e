using System.Diagnostics;
using Grpc.Core;
using Grpc.Net.Client;
using Veche.Api;

namespace Veche.Cli.Status;

/// <summary>What one endpoint says of itself, or why it says nothing.</summary>
/// <param name="Endpoint">Its address.</param>
/// <param name="Response">What it said.</param>
/// <param name="Member">What the member list says of it.</param>
/// <param name="Error">Why there is no answer.</param>
/// <param name="Took">How long the answer took.</param>
internal sealed record EndpointStatus(string Endpoint, StatusResponse? Response, Member? Member, string? Error, TimeSpan Took)
{
    public bool IsHealthy => Response is { Leader: not 0, Errors.Count: 0 };

    public bool IsLeader => Response is { Leader: not 0 } response && response.Leader == response.Header.MemberId;
}

/// <summary>Asks endpoints how they are, over connections that are kept.</summary>
internal sealed class StatusProbe : IDisposable
{
    private readonly List<(string Endpoint, GrpcChannel Channel)> _channels;

    public StatusProbe(IEnumerable<string> endpoints)
    {
        _channels = [.. endpoints.Select(static endpoint => (endpoint, GrpcChannel.ForAddress(endpoint, new GrpcChannelOptions
        {
            HttpHandler = new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(1) },
            DisposeHttpClient = true,
        })))];
    }

    public async Task<IReadOnlyList<EndpointStatus>> AskAsync(TimeSpan timeout, CancellationToken cancellationToken = default) =>
        await Task.WhenAll(_channels.Select(entry => AskAsync(entry.Endpoint, entry.Channel, timeout, cancellationToken))).ConfigureAwait(false);

    public void Dispose()
    {
        foreach ((_, GrpcChannel channel) in _channels)
        {
            channel.Dispose();
        }
    }

    private static async Task<EndpointStatus> AskAsync(string endpoint, GrpcChannel channel, TimeSpan timeout, CancellationToken cancellationToken)
    {
        long started = Stopwatch.GetTimestamp();
        try
        {
            var options = new CallOptions(deadline: DateTime.UtcNow + timeout, cancellationToken: cancellationToken);
            StatusResponse response = await new Maintenance.MaintenanceClient(channel).StatusAsync(new StatusRequest(), options).ConfigureAwait(false);
            TimeSpan took = Stopwatch.GetElapsedTime(started);
            MemberListResponse members = await new Cluster.ClusterClient(channel).MemberListAsync(new MemberListRequest(), options).ConfigureAwait(false);
            return new EndpointStatus(endpoint, response, members.Members.FirstOrDefault(member => member.ID == response.Header.MemberId), null, took);
        }
        catch (RpcException exception)
        {
            return new EndpointStatus(endpoint, null, null, Describe(exception), Stopwatch.GetElapsedTime(started));
        }
    }

    private static string Describe(RpcException exception) => exception.StatusCode switch
    {
        StatusCode.DeadlineExceeded => "no answer in time",
        StatusCode.Unavailable when exception.InnerException is HttpRequestException { InnerException: System.Net.Sockets.SocketException socket } => socket.Message.ToLowerInvariant(),
        _ => exception.Status.Detail,
    };
}
