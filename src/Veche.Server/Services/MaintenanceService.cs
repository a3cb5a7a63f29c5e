using Grpc.Core;
using Prometheus;
using Veche.Api;
using Veche.Api.Commands;
using Veche.Hosting;
using Veche.Raft;
using Veche.Server.Auth;
using Veche.Server.Snapshots;
using Veche.Store;
using Veche.Store.Backups;

namespace Veche.Server.Services;

/// <summary>How the member is, and what can be done about it.</summary>
internal sealed class MaintenanceService(MemberContext member) : Maintenance.MaintenanceBase
{
    /// <summary>What etcd calls the compacted revision of a store that never was.</summary>
    private const long NeverCompacted = -1;

    public override Task<StatusResponse> Status(StatusRequest request, ServerCallContext context)
    {
        MemberStatus status = member.Host.Status;
        var response = new StatusResponse
        {
            Header = member.NewHeader(),
            Version = EtcdVersion.Server,
            DbSize = member.DbSizeBytes,
            DbSizeInUse = member.Store.DataBytes,
            DbSizeQuota = member.Quota.QuotaBytes == long.MaxValue ? 0 : member.Quota.QuotaBytes,
            Leader = status.Leader.Value,
            RaftIndex = (ulong)status.CommitIndex,
            RaftTerm = (ulong)status.Term,
            RaftAppliedIndex = (ulong)status.AppliedIndex,
            IsLearner = member.IsLearner,
        };
        if (member.Store.DowngradeTarget is { } target)
        {
            response.DowngradeInfo = new DowngradeInfo { Enabled = true, TargetVersion = target };
        }

        if (status.Leader.IsNone)
        {
            response.Errors.Add("etcdserver: no leader");
        }

        if (member.Guard.Reason is { } quarantine)
        {
            response.Errors.Add($"veche: in quarantine: {quarantine}");
        }

        // In the form of etcd, down to the space at the end: its tools show it as it is.
        response.Errors.AddRange(member.Store.Alarms.Select(static alarm => $"memberID:{alarm.MemberID} alarm:{alarm.Alarm.ToString().ToUpperInvariant()} "));
        return Task.FromResult(response);
    }

    public override async Task<AlarmResponse> Alarm(AlarmRequest request, ServerCallContext context)
    {
        if (request.Action != AlarmRequest.Types.AlarmAction.Get)
        {
            AlarmResponse response = await member.ProposeAsync<AlarmResponse>(new Command { Alarm = request }, context).ConfigureAwait(false);
            member.Complete(response.Header);
            return response;
        }

        await member.ConfirmReadAsync(context.CancellationToken).ConfigureAwait(false);
        var alarms = new AlarmResponse { Header = member.NewHeader() };
        alarms.Alarms.AddRange(member.Store.Alarms.Where(alarm => request.Alarm == AlarmType.None || alarm.Alarm == request.Alarm));
        return alarms;
    }

    /// <summary>Answers when the engine has put its files in order; everything else goes on meanwhile, and a caller that leaves does not stop it.</summary>
    public override async Task<DefragmentResponse> Defragment(DefragmentRequest request, ServerCallContext context)
    {
        await Task.Run(Defragment, CancellationToken.None).WaitAsync(context.CancellationToken).ConfigureAwait(false);
        return new DefragmentResponse { Header = member.NewHeader() };
    }

    public override Task<HashKVResponse> HashKV(HashKVRequest request, ServerCallContext context)
    {
        try
        {
            using Prometheus.ITimer timer = member.Meters.HashOfHistory.NewTimer();
            uint hash = member.Store.HashHistory(request.Revision, out long current, out long compacted);
            RefuseUnlessAdministrator(context);
            var response = new HashKVResponse { Header = member.NewHeader(), Hash = hash, CompactRevision = compacted == 0 ? NeverCompacted : compacted, HashRevision = request.Revision == 0 ? current : request.Revision };
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

        if (request.TargetID == member.Identity.Self.Value)
        {
            // It leads already; etcd finds nothing wrong with being asked for that.
            return new MoveLeaderResponse { Header = member.NewHeader() };
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

    public override Task<HashResponse> Hash(HashRequest request, ServerCallContext context)
    {
        using Prometheus.ITimer timer = member.Meters.Hash.NewTimer();
        using StoreBackup backup = member.Store.OpenBackup(EtcdVersion.Cluster);
        RefuseUnlessAdministrator(context);
        var response = new HashResponse { Header = member.NewHeader(), Hash = backup.Hash() };
        response.Header.Revision = backup.Revision;
        return Task.FromResult(response);
    }

    public override async Task Snapshot(SnapshotRequest request, IServerStreamWriter<SnapshotResponse> responseStream, ServerCallContext context)
    {
        using Prometheus.ITimer timer = member.Meters.Snapshot.NewTimer();
        using StoreBackup backup = member.Store.OpenBackup(EtcdVersion.Cluster);
        RefuseUnlessAdministrator(context);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, member.Stopping);
        try
        {
            await SnapshotStream.SendAsync(backup, response => responseStream.WriteAsync(response, ended.Token), ended.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            member.ThrowIfStopping();
            throw;
        }
    }

    /// <summary>
    /// As etcd answers. Nothing has to be prepared here, since the data has one format: a downgrade that is enabled is known to every member and shown in the
    /// status, until it is cancelled.
    /// </summary>
    public override async Task<DowngradeResponse> Downgrade(DowngradeRequest request, ServerCallContext context)
    {
        await member.ConfirmReadAsync(context.CancellationToken).ConfigureAwait(false);
        switch (request.Action)
        {
            case DowngradeRequest.Types.DowngradeAction.Validate or DowngradeRequest.Types.DowngradeAction.Enable:
                DowngradeTarget.Check(request.Version, EtcdVersion.Cluster);
                if (member.Store.DowngradeTarget is not null)
                {
                    throw Errors.Of(StoreErrors.DowngradeInProgress);
                }

                break;
            case DowngradeRequest.Types.DowngradeAction.Cancel when member.Store.DowngradeTarget is null:
                throw Errors.Of(StoreErrors.NoDowngrade);
        }

        var response = new DowngradeResponse { Header = member.NewHeader() };
        if (request.Action != DowngradeRequest.Types.DowngradeAction.Validate)
        {
            // Judged again in the log: another one may come first.
            response = await member.ProposeAsync<DowngradeResponse>(new Command { Downgrade = request }, context).ConfigureAwait(false);
            member.Complete(response.Header);
        }

        response.Version = EtcdVersion.Cluster;
        return response;
    }

    private void Defragment()
    {
        using (member.Meters.Defragment.NewTimer())
        using (member.Meters.DefragmentsInFlight.TrackInProgress())
        {
            member.Store.Defragment();
        }
    }

    /// <summary>For what was taken before: the caller was let in by an older state, and what was taken may hold what was written after authentication was turned on.</summary>
    private void RefuseUnlessAdministrator(ServerCallContext context)
    {
        if (member.Store.Auth.CheckAdministrator(context.Caller()) is { } denied)
        {
            throw Errors.Of(denied);
        }
    }
}
