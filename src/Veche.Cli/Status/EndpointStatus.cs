using System.Diagnostics;
using Grpc.Core;
using Veche.Api;
using Veche.Api.Members;
using Veche.Cli.Client;

namespace Veche.Cli.Status;

/// <summary>What one endpoint says of itself, or why it says nothing.</summary>
/// <param name="Endpoint">Its address.</param>
/// <param name="Response">What it said.</param>
/// <param name="Member">What the member list says of it.</param>
/// <param name="Error">Why there is no answer.</param>
/// <param name="Took">How long the answer took.</param>
internal sealed record EndpointStatus(string Endpoint, StatusResponse? Response, Member? Member, string? Error, TimeSpan Took)
{
    /// <summary>What it says beyond etcd's API; null when it is etcd.</summary>
    public DescribeReply? More { get; init; }

    public MemberView? View => More?.Members.FirstOrDefault(member => member.Id == More.Self);

    public bool IsHealthy => Response is { Leader: not 0, Errors.Count: 0 };

    public bool IsLeader => Response is { Leader: not 0 } response && response.Leader == response.Header.MemberId;
}

/// <summary>Asks endpoints how they are, over connections that are kept.</summary>
internal sealed class StatusProbe(ConnectionSettings settings) : IDisposable
{
    private readonly Connection _connection = new(settings);

    public StatusProbe(IEnumerable<string> endpoints)
        : this(new ConnectionSettings { Endpoints = [.. endpoints] })
    {
    }

    public async Task<IReadOnlyList<EndpointStatus>> AskAsync(TimeSpan timeout, CancellationToken cancellationToken = default) =>
        await Task.WhenAll(settings.Endpoints.Select(endpoint => AskAsync(endpoint, timeout, cancellationToken))).ConfigureAwait(false);

    public void Dispose() => _connection.Dispose();

    private async Task<EndpointStatus> AskAsync(string endpoint, TimeSpan timeout, CancellationToken cancellationToken)
    {
        long started = Stopwatch.GetTimestamp();
        try
        {
            StatusResponse response = await _connection.AskAsync(endpoint, static (member, options) => new Maintenance.MaintenanceClient(member).StatusAsync(new StatusRequest(), options), timeout, cancellationToken).ConfigureAwait(false);
            TimeSpan took = Stopwatch.GetElapsedTime(started);
            MemberListResponse members = await _connection.AskAsync(endpoint, static (member, options) => new Cluster.ClusterClient(member).MemberListAsync(new MemberListRequest(), options), timeout, cancellationToken).ConfigureAwait(false);
            DescribeReply? more = await MoreAsync(endpoint, timeout, cancellationToken).ConfigureAwait(false);
            return new EndpointStatus(endpoint, response, members.Members.FirstOrDefault(member => member.ID == response.Header.MemberId), null, took) { More = more };
        }
        catch (RpcException exception)
        {
            return new EndpointStatus(endpoint, null, null, CallFailure.Describe(exception), Stopwatch.GetElapsedTime(started));
        }
    }

    private async Task<DescribeReply?> MoreAsync(string endpoint, TimeSpan timeout, CancellationToken cancellationToken)
    {
        try
        {
            return await _connection.AskAsync(endpoint, static (member, options) => new Api.Members.Members.MembersClient(member).DescribeAsync(new DescribeRequest(), options), timeout, cancellationToken).ConfigureAwait(false);
        }
        catch (RpcException exception) when (exception.StatusCode == StatusCode.Unimplemented)
        {
            return null;
        }
    }
}
