using Veche.Log;
using Veche.Raft;

namespace Veche.Server.Audit;

/// <summary>
/// Writes what this member applies to its audit trail, as it stands in the log. The log keeps every entry until the trail holds it durably, so a crash, a restart or a
/// full disk delays the trail and never makes a hole in it; what this member has never had entry by entry is said to be missing.
/// </summary>
internal sealed class AuditWriter : IAsyncDisposable
{
    private const int BytesAtOnce = 1 << 20;

    /// <summary>How far the trail may be behind what clients see.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);

    private readonly IDisk _disk;
    private readonly MemberContext _member;
    private readonly ServerLog _log;
    private readonly AppliedOutcomes _outcomes = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Entry> _entries = [];
    private Hosting.ReplicaHost? _host;
    private AuditTrail? _trail;
    private Task _running = Task.CompletedTask;
    private TrailPosition? _durable;
    private (long Index, string Content)? _toCompare;
    private long _through;
    private string? _failing;
    private bool _writes;

    /// <summary>Opens the trail, before the member is started.</summary>
    /// <exception cref="ServerStartException">The directory cannot be used; the message says why and what to do.</exception>
    public AuditWriter(MemberContext member, ServerLog log, IDisk disk)
    {
        _member = member;
        _log = log;
        _disk = disk;
        try
        {
            Open();
        }
        catch (Exception exception) when (exception is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            throw new ServerStartException($"--veche-audit-dir {member.Options.AuditDirectory}: {exception.Message}. Give this member an empty directory for its audit trail; the trail then says where it begins.", exception);
        }

        _through = _trail!.NextIndex - 1;
        member.Store.EntryApplied = _outcomes.Applied;
    }

    /// <summary>The last index that is in the trail.</summary>
    public long Through => Volatile.Read(ref _through);

    /// <summary>Opens the directory that the options name; null when there is to be no trail.</summary>
    /// <exception cref="ServerStartException">As the constructor.</exception>
    public static AuditWriter? Of(MemberContext member, ServerLog log)
    {
        if (member.Options.AuditDirectory is not { } directory)
        {
            return null;
        }

        IDisk disk;
        try
        {
            disk = member.Options.OpenAuditDisk(directory);
        }
        catch (IOException exception)
        {
            throw new ServerStartException($"--veche-audit-dir {directory}: {exception.Message}", exception);
        }

        try
        {
            return new AuditWriter(member, log, disk);
        }
        catch
        {
            (disk as IDisposable)?.Dispose();
            throw;
        }
    }

    /// <summary>Begins to write.</summary>
    /// <exception cref="ServerStartException">The trail and the log do not belong together.</exception>
    public void Start(Hosting.ReplicaHost host)
    {
        _host = host;
        RefuseWhatIsLost();
        Compare();
        _writes = true;
        _running = Task.Run(RunAsync);
    }

    /// <summary>Writes what there is, and closes the trail.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(false);
        if (_writes)
        {
            WriteAll();
        }

        _trail?.Dispose();
        (_disk as IDisposable)?.Dispose();
        _stop.Dispose();
    }

    private void Open()
    {
        _trail = AuditTrail.Open(_disk, _member.Identity.ClusterId.ToString("x", System.Globalization.CultureInfo.InvariantCulture), _member.Identity.Self.ToString(), TimeProvider.System, durable: _durable);
        _toCompare = _trail.Last;
    }

    private async Task RunAsync()
    {
        using var timer = new PeriodicTimer(Interval);
        try
        {
            while (_writes && await timer.WaitForNextTickAsync(_stop.Token).ConfigureAwait(false))
            {
                WriteAll();
            }
        }
        catch (OperationCanceledException)
        {
            // The member stops.
        }
    }

    private void WriteAll()
    {
        try
        {
            if (_trail is null)
            {
                Open();
                RefuseWhatIsLost();
            }

            while (WriteSome())
            {
                if (_failing is not null)
                {
                    _failing = null;
                    _log.AuditTrailGoesOn();
                }
            }
        }
        catch (Exception exception) when (exception is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            // What was written and not synced is written again, whatever can be read of it: no later sync need save it. The log keeps the entries meanwhile.
            _durable = _trail?.Durable ?? _durable;
            _trail?.Dispose();
            _trail = null;
            if (_failing != exception.Message)
            {
                // Once for each reason: it is tried again and again.
                _failing = exception.Message;
                _log.AuditTrailWaits(exception.Message);
            }
        }
        catch (ServerStartException exception)
        {
            _writes = false;
            _log.AuditTrailStops(exception.Message);
        }
    }

    /// <summary>Lines that were changed are written again from the log. What the log does not hold any more must not be cut off.</summary>
    private void RefuseWhatIsLost()
    {
        if (_trail!.Damage is not { } damage)
        {
            return;
        }

        if (_host!.Status.FirstIndex > _trail.NextIndex)
        {
            throw new ServerStartException($"the audit trail in {_member.Options.AuditDirectory} is damaged at {damage}, and the log no longer holds what stood there. Keep the directory, and give this member an empty one; the trail then says where it begins.");
        }

        _log.AuditTrailDamaged(damage, _trail.NextIndex);
    }

    private bool WriteSome()
    {
        AuditTrail trail = _trail!;
        Compare();
        _entries.Clear();
        long applied = _host!.Status.AppliedIndex;
        if (trail.NextIndex > applied)
        {
            return false;
        }

        if (_host.ReadLog(trail.NextIndex, BytesAtOnce, _entries) == 0)
        {
            long first = Math.Min(_host.Status.FirstIndex, applied + 1);
            if (first <= trail.NextIndex)
            {
                // It is not durable yet, or the log has just begun anew: the next look knows more.
                return false;
            }

            trail.AppendGap(first - 1, trail.IsNew ? "the trail was begun after these" : "this member was given a later state instead of these");
        }

        foreach (Entry entry in _entries)
        {
            trail.Append(entry.Index, AuditText.Of(entry), _outcomes.Of(entry.Index));
        }

        trail.Sync();
        Volatile.Write(ref _through, trail.NextIndex - 1);
        _host.LogTaken(trail.NextIndex - 1);
        return true;
    }

    /// <summary>The last entry of the trail must be the log's: a member that lost its log and begins anew would otherwise go on in the trail of its earlier life.</summary>
    private void Compare()
    {
        if (_toCompare is not { } last || _host!.Status.AppliedIndex < last.Index)
        {
            return;
        }

        _entries.Clear();
        if (_host.ReadLog(last.Index, 1, _entries) > 0 && AuditText.Of(_entries[0]) != last.Content)
        {
            throw new ServerStartException($"the audit trail in {_member.Options.AuditDirectory} tells of another entry {last.Index} than this member's log: it is of another life of this member. Keep the directory, and give this member an empty one.");
        }

        _toCompare = null;
    }
}
