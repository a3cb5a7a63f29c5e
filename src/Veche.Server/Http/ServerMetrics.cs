using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;
using Prometheus;
using Veche.Hosting;
using Veche.Raft;
using Veche.Server.Admission;

namespace Veche.Server.Http;

/// <summary>Metrics under etcd's names, read from the member whenever somebody scrapes.</summary>
internal sealed class ServerMetrics
{
    private readonly CollectorRegistry _registry;
    private readonly MemberContext _member;

    public ServerMetrics(MemberContext member)
    {
        _member = member;
        _registry = member.Meters.Registry;
        DotNetStats.Register(_registry);
        MetricFactory make = Prometheus.Metrics.WithCustomRegistry(_registry);
        Gauge hasLeader = make.CreateGauge("etcd_server_has_leader", "Whether this member knows a leader. 1 is yes, 0 is no.");
        Gauge isLeader = make.CreateGauge("etcd_server_is_leader", "Whether this member leads. 1 is yes, 0 is no.");
        Gauge isLearner = make.CreateGauge("etcd_server_is_learner", "Whether this member is a learner. 1 is yes, 0 is no.");
        Counter leaderChanges = make.CreateCounter("etcd_server_leader_changes_seen_total", "Leader changes seen.");
        Gauge committed = make.CreateGauge("etcd_server_proposals_committed_total", "Last index known committed.");
        Gauge applied = make.CreateGauge("etcd_server_proposals_applied_total", "Last index applied.");
        Gauge pending = make.CreateGauge("etcd_server_proposals_pending", "Entries in the log that are not applied yet.");
        Counter failed = make.CreateCounter("etcd_server_proposals_failed_total", "Proposals that failed or whose outcome is unknown.");
        Gauge version = make.CreateGauge("etcd_server_version", "Which version is running. 1 for the label of the current one.", "server_version");
        Gauge clusterVersion = make.CreateGauge("etcd_cluster_version", "Which interface version the cluster speaks. 1 for the label of the current one.", "cluster_version");
        Counter walBytes = make.CreateCounter("etcd_disk_wal_write_bytes_total", "Bytes of entries written to the log.");
        Gauge size = make.CreateGauge("etcd_mvcc_db_total_size_in_bytes", "Bytes the data takes.");
        Gauge sizeInUse = make.CreateGauge("etcd_mvcc_db_total_size_in_use_in_bytes", "Bytes the data takes that are in use.");
        Gauge quota = make.CreateGauge("etcd_server_quota_backend_bytes", "Most bytes of data; -1 without a quota.");
        Counter puts = make.CreateCounter("etcd_mvcc_put_total", "Keys put.");
        Counter deletions = make.CreateCounter("etcd_mvcc_delete_total", "Keys deleted.");
        Counter ranges = make.CreateCounter("etcd_mvcc_range_total", "Ranges read.");

        // etcd 3.4 has the same under the names of the versions before it.
        Counter oldPuts = make.CreateCounter("etcd_debugging_mvcc_put_total", "Keys put.");
        Counter oldDeletions = make.CreateCounter("etcd_debugging_mvcc_delete_total", "Keys deleted.");
        Counter oldRanges = make.CreateCounter("etcd_debugging_mvcc_range_total", "Ranges read.");
        Gauge id = make.CreateGauge("etcd_server_id", "The id of this member. 1 for its label.", "server_id");
        string self = member.Identity.Self.ToString();
        id.WithLabels(self).Set(1);
        Gauge keys = make.CreateGauge("etcd_debugging_mvcc_keys_total", "Keys.");
        Calls = new CallMetrics(make);
        Gauge revision = make.CreateGauge("etcd_debugging_mvcc_current_revision", "The current revision of the store.");
        Gauge compacted = make.CreateGauge("etcd_debugging_mvcc_compact_revision", "The last compacted revision of the store.");
        Gauge watchers = make.CreateGauge("etcd_debugging_mvcc_watcher_total", "Watches.");
        Gauge streams = make.CreateGauge("etcd_debugging_mvcc_watch_stream_total", "Watch streams.");
        Gauge isWitness = make.CreateGauge("veche_member_is_witness", "Whether this member votes and holds no data. 1 is yes, 0 is no.");
        Gauge uncopied = make.CreateGauge("veche_entries_not_copied", "Committed entries of which, for all this member knows, fewer members with data than a majority hold the last: a witness stands in for a copy.");
        Gauge recovering = make.CreateGauge("veche_member_recovering", "Whether this member's log was damaged and is being filled by the others. 1 is yes, 0 is no.");
        Counter scrubbed = make.CreateCounter("veche_log_scrubbed_bytes_total", "Bytes of the log that were read back and found whole.");
        Counter repairs = make.CreateCounter("veche_log_repairs_total", "Damaged logs repaired since the start.");
        Gauge quarantined = make.CreateGauge("veche_state_quarantined", "Whether this member's state is damaged or differs from the others' and is being replaced. 1 is yes, 0 is no.");
        Counter stateChecks = make.CreateCounter("veche_state_checks_total", "Times this member has hashed its state to have it compared.");
        Counter stateRepairs = make.CreateCounter("veche_state_repairs_total", "States of this member that were replaced by another member's since the start.");
        Gauge? audited = member.Options.AuditDirectory is null ? null : make.CreateGauge("veche_audit_index", "Index of the last entry of the log that is in the audit trail of this member.");
        bool hasCanaries = member.Options.CanaryInterval > TimeSpan.Zero;
        Counter? canaries = hasCanaries ? make.CreateCounter("veche_canaries_total", "Canaries of this member, by outcome: read back whole, unknown whether written, refused, meddled with by somebody else, or damage of this member's state.", "outcome") : null;
        Gauge? canaryAt = hasCanaries ? make.CreateGauge("veche_canary_confirmed_timestamp_seconds", "When the last canary of this member was read back whole; 0 for never.") : null;
        Gauge slowWatchers = make.CreateGauge("etcd_debugging_mvcc_slow_watcher_total", "Watches that read what was before and do not yet get events as they happen.");
        Gauge pendingEvents = make.CreateGauge("etcd_debugging_mvcc_pending_events_total", "Events that wait to be sent.");
        Counter transactions = make.CreateCounter("etcd_mvcc_txn_total", "Transactions.");
        Counter oldTransactions = make.CreateCounter("etcd_debugging_mvcc_txn_total", "Transactions.");
        Counter granted = make.CreateCounter("etcd_debugging_lease_granted_total", "Leases granted.");
        Counter revoked = make.CreateCounter("etcd_debugging_lease_revoked_total", "Leases that ended.");
        Counter slowApplies = make.CreateCounter("etcd_server_slow_apply_total", "Batches of entries that took longer than a tenth of a second to apply.");
        Gauge installing = make.CreateGauge("etcd_server_snapshot_apply_in_progress_total", "Snapshots that are being put in place of the state now.");
        Counter receivedBytes = make.CreateCounter("etcd_network_peer_received_bytes_total", "Bytes received from other members.", "From");
        Counter sentBytes = make.CreateCounter("etcd_network_peer_sent_bytes_total", "Bytes sent to other members.", "To");
        Counter dropped = make.CreateCounter("etcd_network_peer_sent_failures_total", "Messages for other members that were dropped: there was no connection.", "To");
        Gauge knownPeers = make.CreateGauge("etcd_network_known_peers", "1 for each other member there is.", "Local", "Remote");
        Gauge activePeers = make.CreateGauge("etcd_network_active_peers", "1 for each other member that is connected.", "Local", "Remote");
        var process = new ProcessMetrics(make);
        version.WithLabels(EtcdVersion.Server).Set(1);
        clusterVersion.WithLabels("3.4").Set(1);
        _registry.AddBeforeCollectCallback(() =>
        {
            MemberStatus status = member.Host.Status;
            recovering.Set(status.IsRecovering ? 1 : 0);
            scrubbed.IncTo(member.Metrics.ScrubbedBytes);
            repairs.IncTo(member.Metrics.LogRepairs);
            canaries?.WithLabels("whole").IncTo(member.Canaries.Whole);
            canaries?.WithLabels("unknown").IncTo(member.Canaries.Unknown);
            canaries?.WithLabels("refused").IncTo(member.Canaries.Refused);
            canaries?.WithLabels("meddling").IncTo(member.Canaries.Meddling);
            canaries?.WithLabels("damage").IncTo(member.Canaries.Damaged);
            canaryAt?.Set(member.Canaries.ConfirmedAtSeconds);
            audited?.Set(member.Audit?.Through ?? 0);
            quarantined.Set(member.Guard.Reason is null ? 0 : 1);
            stateChecks.IncTo(member.Guard.Checks);
            stateRepairs.IncTo(member.Guard.Repairs);
            hasLeader.Set(status.Leader.IsNone ? 0 : 1);
            isLeader.Set(status.Role == Role.Leader ? 1 : 0);
            isWitness.Set(member.IsWitness ? 1 : 0);
            uncopied.Set(Math.Max(0, status.CommitIndex - status.CopiedIndex));
            isLearner.Set(status.Configuration.IsLearner(member.Identity.Self) ? 1 : 0);
            leaderChanges.IncTo(member.Metrics.LeaderChanges);
            committed.Set(status.CommitIndex);
            applied.Set(status.AppliedIndex);
            pending.Set(Math.Max(0, status.LastIndex - status.AppliedIndex));
            failed.IncTo(member.Metrics.FailedProposals);
            walBytes.IncTo(member.Metrics.LogWrittenBytes);
            size.Set(member.DbSizeBytes);
            sizeInUse.Set(member.Store.DataBytes);
            puts.IncTo(member.Store.Counters.Puts);
            deletions.IncTo(member.Store.Counters.Deletions);
            ranges.IncTo(member.Store.Counters.Ranges);
            oldPuts.IncTo(member.Store.Counters.Puts);
            oldDeletions.IncTo(member.Store.Counters.Deletions);
            oldRanges.IncTo(member.Store.Counters.Ranges);
            quota.Set(member.Quota.QuotaBytes == long.MaxValue ? -1 : member.Quota.QuotaBytes);
            keys.Set(member.Store.Keys);
            revision.Set(member.Store.CurrentRevision);
            compacted.Set(member.Store.CompactRevision);
            watchers.Set(member.Watches.WatcherCount);
            streams.Set(member.Watches.StreamCount);
            slowWatchers.Set(member.Watches.SlowWatcherCount);
            pendingEvents.Set(member.Watches.PendingEventCount);
            transactions.IncTo(member.Store.Counters.Transactions);
            oldTransactions.IncTo(member.Store.Counters.Transactions);
            granted.IncTo(member.Store.Counters.LeasesGranted);
            revoked.IncTo(member.Store.Counters.LeasesRevoked);
            slowApplies.IncTo(member.Metrics.SlowApplies);
            installing.Set(member.Metrics.SnapshotsBeingInstalled);
            foreach (PeerMetrics peer in member.Metrics.Peers)
            {
                string name = peer.Peer.ToString();
                receivedBytes.WithLabels(name).IncTo(peer.ReceivedBytes);
                sentBytes.WithLabels(name).IncTo(peer.SentBytes);
                dropped.WithLabels(name).IncTo(peer.DroppedMessages);
                bool isMember = status.Configuration.Voters.Contains(peer.Peer) || status.Configuration.IsLearner(peer.Peer);
                knownPeers.WithLabels(self, name).Set(isMember ? 1 : 0);
                activePeers.WithLabels(self, name).Set(member.IsConnected(peer.Peer) ? 1 : 0);
            }

            process.Read();
        });
    }

    /// <summary>What is counted of gRPC calls.</summary>
    public CallMetrics Calls { get; }

    public async Task WriteAsync(HttpContext context)
    {
        context.Response.ContentType = "text/plain; version=0.0.4; charset=utf-8";
        await _registry.CollectAndExportAsTextAsync(context.Response.Body, context.RequestAborted).ConfigureAwait(false);
        var text = new StringBuilder();
        Append(text, "etcd_disk_wal_fsync_duration_seconds", "How long making a batch of log writes durable took.", _member.Metrics.LogSyncSeconds);
        Append(text, "etcd_disk_backend_commit_duration_seconds", "How long applying a batch to the store took.", _member.Metrics.ApplySeconds);
        AdmissionMetrics.Append(text, _member.Admission);
        _member.Writes.Metrics.Append(text, _member.Metrics.UnattendedRefused);
        await context.Response.WriteAsync(text.ToString(), context.RequestAborted).ConfigureAwait(false);
    }

    /// <summary>The member counts into buckets of its own, without a library on its hot path; this puts them into the format.</summary>
    private static void Append(StringBuilder text, string name, string help, DurationHistogram histogram)
    {
        text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {help}\n# TYPE {name} histogram\n");
        long count = 0;
        for (int bucket = 0; bucket < DurationHistogram.BucketCount; bucket++)
        {
            count += histogram.CountOf(bucket);
            text.Append(CultureInfo.InvariantCulture, $"{name}_bucket{{le=\"{DurationHistogram.UpperBoundSeconds(bucket)}\"}} {count}\n");
        }

        count += histogram.CountOf(DurationHistogram.BucketCount);
        text.Append(CultureInfo.InvariantCulture, $"{name}_bucket{{le=\"+Inf\"}} {count}\n{name}_sum {histogram.SumSeconds}\n{name}_count {count}\n");
    }
}
