using Veche.Log;
using Veche.Raft;

namespace Veche.Hosting;

/// <summary>
/// A disk that fills up. First commands are refused, while there is room for what keeps a cluster alive; later no entry is written any more,
/// whoever it comes from. What is not written is not acknowledged, so nothing is lost; when there is room, everything goes on where it stopped.
/// </summary>
public sealed partial class ReplicaHost
{
    private readonly ManualResetEventSlim _roomForEntries = new(initialState: true);
    private volatile bool _isLowOnSpace;
    private volatile bool _isOutOfSpace;
    private volatile bool _logIsFull;
    private volatile bool _waitsForRoom;
    private int _leavingForSpace;

    /// <summary>How much must be free for entries. Half of what commands need: other members' commands, and the cluster's own entries, end later.</summary>
    private long MinFreeBytesForEntries => _options.MinFreeDiskBytes / 2;

    /// <summary>Writes into the log, or says that it has to wait for room; then nothing of it is in the log.</summary>
    private bool TryWrite(LogWrite write)
    {
        if (_isOutOfSpace && write.Entries.Count > 0)
        {
            return false;
        }

        try
        {
            _wal.Write(write);
            return true;
        }
        catch (LogFullException)
        {
            _logIsFull = true;
            return false;
        }
    }

    private bool TryCompact(SnapshotPoint point)
    {
        try
        {
            _wal.Compact(point.Position, point.Configuration);
            return true;
        }
        catch (LogFullException)
        {
            _logIsFull = true;
            return false;
        }
    }

    /// <summary>Blocks the thread of the log until there is room. Not even a vote is written meanwhile: who could elect could not commit either.</summary>
    /// <returns>False when the member stops first.</returns>
    private bool WaitForRoom()
    {
        _roomForEntries.Reset();
        if (!_isOutOfSpace && !_logIsFull)
        {
            // There was room again in between, and nobody would say so twice.
            return true;
        }

        _log.WaitsForSpace();
        _waitsForRoom = true;
        try
        {
            _roomForEntries.Wait(_stop.Token);
        }
        catch (OperationCanceledException)
        {
            return false;
        }

        _waitsForRoom = false;
        _log.HasSpaceForEntries();
        return true;
    }

    /// <summary>Looks how full the disk is, and tells who waits for room.</summary>
    private void WatchSpace()
    {
        long free;
        try
        {
            if (!_wal.HasRoom)
            {
                // When nothing is written, nothing else would notice that there is room again.
                _wal.PrepareNextSegment();
            }

            free = _disk.FreeBytes;
        }
        catch (IOException exception)
        {
            Fail(exception);
            return;
        }

        bool isLow = free < _options.MinFreeDiskBytes;
        if (isLow != _isLowOnSpace)
        {
            _isLowOnSpace = isLow;
            if (isLow)
            {
                _log.LowOnSpace(_options.MinFreeDiskBytes >> 20);
            }
            else
            {
                _log.SpaceAgain();
            }
        }

        _isOutOfSpace = free < MinFreeBytesForEntries;
        if (_wal.HasRoom)
        {
            _logIsFull = false;
        }

        if (!_isOutOfSpace && !_logIsFull)
        {
            _roomForEntries.Set();
        }
        else if (_waitsForRoom && _status.Role == Role.Leader && _status.Configuration.Voters.Count > 1 && Interlocked.Exchange(ref _leavingForSpace, 1) == 0)
        {
            _ = LeaveForSpaceAsync();
        }
    }

    /// <summary>
    /// A leader that cannot write gathers in memory what the others commit, so it lets one lead that can. Where nobody can, nobody catches up
    /// with it either, and it stays; one that has nothing to write stays too, and serves reads.
    /// </summary>
    private async Task LeaveForSpaceAsync()
    {
        await HandOverAsync(_stop.Token).ConfigureAwait(false);
        Volatile.Write(ref _leavingForSpace, 0);
    }
}
