using Grpc.Core;
using Veche.Api;
using Veche.Hosting;
using Veche.Raft;
using Veche.Store;

namespace Veche.Server.Services;

/// <summary>How the member is, and what can be done about it.</summary>
internal sealed class MaintenanceService(MemberContext member) : Maintenance.MaintenanceBase
{
    public override Task<StatusResponse> Status(StatusRequest request, ServerCallContext context)
    {
        MemberStatus status = member.Host.Status;
        var response = new StatusResponse
        {
            Header = member.NewHeader(),
            Version = EtcdVersion.Server,
            DbSize = member.Store.SizeBytes,
            DbSizeInUse = member.Store.SizeBytes,
            Leader = status.Leader.Value,
            RaftIndex = (ulong)status.CommitIndex,
            RaftTerm = (ulong)status.Term,
            RaftAppliedIndex = (ulong)status.AppliedIndex,
            IsLearner = status.Configuration.IsLearner(member.Identity.Self),
        };
        if (status.Leader.IsNone)
        {
            response.Errors.Add("etcdserver: no leader");
        }

        return Task.FromResult(response);
    }

    public override Task<AlarmResponse> Alarm(AlarmRequest request, ServerCallContext context) =>
        request.Action == AlarmRequest.Types.AlarmAction.Get
            ? Task.FromResult(new AlarmResponse { Header = member.NewHeader() })
            : throw Errors.Unimplemented("raising and clearing alarms by hand");

    /// <summary>There is nothing to do: room is taken back all the time.</summary>
    public override Task<DefragmentResponse> Defragment(DefragmentRequest request, ServerCallContext context) =>
        Task.FromResult(new DefragmentResponse { Header = member.NewHeader() });

    public override Task<HashKVResponse> HashKV(HashKVRequest request, ServerCallContext context)
    {
        try
        {
            uint hash = member.Store.HashHistory(request.Revision, out long current, out long compacted);
            var response = new HashKVResponse { Header = member.NewHeader(), Hash = hash, CompactRevision = compacted, HashRevision = request.Revision == 0 ? current : request.Revision };
            response.Header.Revision = current;
            return Task.FromResult(response);
        }
        catch (StoreException exception)
        {
            throw Errors.Of(exception.Error);
        }
    }

    public override async Task<MoveLeaderResponse> MoveLeader(MoveLeaderRequest request, ServerCallContext context)
    {
        if (member.Host.Status.Role != Raft.Role.Leader)
        {
            throw Errors.NotLeader();
        }

        try
        {
            await member.Host.TransferLeadershipAsync(new MemberId(request.TargetID), context.CancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is RefusedException or OutcomeUnknownException)
        {
            throw Errors.Of(exception);
        }

        return new MoveLeaderResponse { Header = member.NewHeader() };
    }

    public override Task<HashResponse> Hash(HashRequest request, ServerCallContext context) => throw Errors.Unimplemented("the hash of the whole backend");

    public override Task Snapshot(SnapshotRequest request, IServerStreamWriter<SnapshotResponse> responseStream, ServerCallContext context) => throw Errors.Unimplemented("the snapshot stream");

    public override Task<DowngradeResponse> Downgrade(DowngradeRequest request, ServerCallContext context) => throw Errors.Unimplemented("downgrading");
}
