using Microsoft.Extensions.Logging;

namespace Veche.Server;

/// <summary>What a server tells its operator, with stable event ids. Scripts wait for some of the texts.</summary>
internal sealed partial class ServerLog(ILogger logger)
{
    [LoggerMessage(EventId = 200, Level = LogLevel.Information, Message = "starting member {Name} ({Member}) of cluster {Cluster}, data in {Directory}", EventName = "Starting")]
    private static partial void Starting(ILogger logger, string name, string member, string cluster, string directory);

    [LoggerMessage(EventId = 201, Level = LogLevel.Information, Message = "published local member to cluster through raft: {Name}, client URLs {Urls}")]
    private static partial void Published(ILogger logger, string name, string urls);

    [LoggerMessage(EventId = 202, Level = LogLevel.Information, Message = "enabled capabilities for version {Version}")]
    private static partial void Capabilities(ILogger logger, string version);

    [LoggerMessage(EventId = 203, Level = LogLevel.Information, Message = "ready to serve client requests on {Urls}")]
    private static partial void Ready(ILogger logger, string urls);

    [LoggerMessage(EventId = 204, Level = LogLevel.Information, Message = "stopping")]
    private static partial void Stopping(ILogger logger);

    [LoggerMessage(EventId = 205, Level = LogLevel.Warning, Message = "accepted settings that have no effect here: {Settings}")]
    private static partial void Ignored(ILogger logger, string settings);

    [LoggerMessage(EventId = 206, Level = LogLevel.Warning, Message = "wrong user or password: {User}")]
    private static partial void LogInFailed(ILogger logger, string user);

    public void LogInFailed(string user) => LogInFailed(logger, user);

    [LoggerMessage(EventId = 320, Level = LogLevel.Warning, Message = "the audit trail was damaged at {Where}; it is written again from the log, from index {Index} on")]
    private static partial void AuditTrailDamaged(ILogger logger, string where, long index);

    [LoggerMessage(EventId = 321, Level = LogLevel.Error, Message = "the audit trail cannot be written: {Reason}. The log keeps what is to be told, and grows")]
    private static partial void AuditTrailWaits(ILogger logger, string reason);

    [LoggerMessage(EventId = 322, Level = LogLevel.Information, Message = "the audit trail is written again")]
    private static partial void AuditTrailGoesOn(ILogger logger);

    [LoggerMessage(EventId = 323, Level = LogLevel.Error, Message = "nothing more is written to the audit trail: {Reason} The log keeps what is to be told, and grows")]
    private static partial void AuditTrailStops(ILogger logger, string reason);

    [LoggerMessage(EventId = 330, Level = LogLevel.Warning, Message = "the canary of this member is not confirmed: {Reason}")]
    private static partial void CanaryNotConfirmed(ILogger logger, string reason);

    [LoggerMessage(EventId = 331, Level = LogLevel.Information, Message = "canaries of this member are read back whole again")]
    private static partial void CanariesWhole(ILogger logger);

    public void CanaryNotConfirmed(string reason) => CanaryNotConfirmed(logger, reason);

    public void CanariesWhole() => CanariesWhole(logger);

    public void AuditTrailDamaged(string where, long index) => AuditTrailDamaged(logger, where, index);

    public void AuditTrailStops(string reason) => AuditTrailStops(logger, reason);

    public void AuditTrailWaits(string reason) => AuditTrailWaits(logger, reason);

    public void AuditTrailGoesOn() => AuditTrailGoesOn(logger);

    [LoggerMessage(EventId = 260, Level = LogLevel.Information, Message = "compacted by itself at revision {Revision}")]
    private static partial void Compacted(ILogger logger, long revision);

    [LoggerMessage(EventId = 261, Level = LogLevel.Warning, Message = "the compaction at revision {Revision} failed and is tried again: {Reason}")]
    private static partial void CompactionFailed(ILogger logger, long revision, string reason);

    [LoggerMessage(EventId = 262, Level = LogLevel.Information, Message = "sending a snapshot of {Bytes} bytes at revision {Revision}")]
    private static partial void SendingSnapshot(ILogger logger, long bytes, long revision);

    [LoggerMessage(EventId = 290, Level = LogLevel.Warning, Message = "{Count} writes are rolled back, of which {Acknowledged} are known to have been acknowledged; kept in {File} (veche rollback show)")]
    private static partial void RolledBack(ILogger logger, int count, int acknowledged, string file);

    public void RolledBack(int count, int acknowledged, string file) => RolledBack(logger, count, acknowledged, file);

    public void Compacted(long revision) => Compacted(logger, revision);

    public void CompactionFailed(long revision, string reason) => CompactionFailed(logger, revision, reason);

    public void SendingSnapshot(long bytes, long revision) => SendingSnapshot(logger, bytes, revision);

    [LoggerMessage(EventId = 270, Level = LogLevel.Error, Message = "{Reason} It is put aside with the state, as damaged-*; this member takes everything anew from the others. It had voted in terms through {Term} and votes in none until it holds what it had promised to hold")]
    private static partial void RepairBegun(ILogger logger, string reason, long term);

    public void RepairBegun(string reason, long term) => RepairBegun(logger, reason, term);

    [LoggerMessage(EventId = 300, Level = LogLevel.Error, Message = "this member's state is not to be trusted: {Reason}. Nothing of it is served any more; it is replaced by another member's, compared, and served again")]
    private static partial void StateDistrusted(ILogger logger, string reason);

    public void StateDistrusted(string reason) => StateDistrusted(logger, reason);

    [LoggerMessage(EventId = 301, Level = LogLevel.Warning, Message = "the state is repaired after {Seconds:0.0} s: it came anew from another member at index {Index} and agrees with a majority's. It had been replaced because: {Reason}. From the next start on, what was wrong is kept as damaged-store-* in the directory of the store; delete it when it has been looked at")]
    private static partial void StateRepaired(ILogger logger, string reason, long index, double seconds);

    public void StateRepaired(string reason, long index, double seconds) => StateRepaired(logger, reason, index, seconds);

    [LoggerMessage(EventId = 302, Level = LogLevel.Critical, Message = "that this member's state is damaged could not be written down, and will not be known after a restart: {Reason}")]
    private static partial void StateNotMarked(ILogger logger, string reason);

    public void StateNotMarked(string reason) => StateNotMarked(logger, reason);

    [LoggerMessage(EventId = 303, Level = LogLevel.Critical, Message = "{Reason}: some member's state is wrong, and nobody can tell whose. Writes are refused until an operator has decided and disarmed the alarm")]
    private static partial void StatesDiffer(ILogger logger, string reason);

    public void StatesDiffer(string reason) => StatesDiffer(logger, reason);

    [LoggerMessage(EventId = 305, Level = LogLevel.Warning, Message = "member {Member} {What}")]
    private static partial void OtherIsQuarantined(ILogger logger, string member, string what);

    public void OtherIsQuarantined(string member, string what) => OtherIsQuarantined(logger, member, what);

    [LoggerMessage(EventId = 304, Level = LogLevel.Error, Message = "{Reason}. It is put aside as {Aside}, and this member takes the whole state from another one")]
    private static partial void StorePutAside(ILogger logger, string reason, string aside);

    public void StorePutAside(string reason, string aside) => StorePutAside(logger, reason, aside);

    [LoggerMessage(EventId = 280, Level = LogLevel.Warning, Message = "changed certificates are not used: {Reason}")]
    private static partial void CertificatesNotUsed(ILogger logger, string reason);

    public void CertificatesNotUsed(string reason) => CertificatesNotUsed(logger, reason);

    [LoggerMessage(EventId = 264, Level = LogLevel.Warning, Message = "the store could not be written out and goes on in memory: {Reason}")]
    private static partial void FlushFailed(ILogger logger, string reason);

    public void FlushFailed(string reason) => FlushFailed(logger, reason);

    public void Starting(string name, string member, string cluster, string directory) => Starting(logger, name, member, cluster, directory);

    public void Published(string name, string urls) => Published(logger, name, urls);

    public void Capabilities(string version) => Capabilities(logger, version);

    public void Ready(string urls) => Ready(logger, urls);

    public void Stopping() => Stopping(logger);

    public void Ignored(string settings) => Ignored(logger, settings);
}
