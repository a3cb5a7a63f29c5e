using Veche.Log;

namespace Veche.Hosting;

/// <summary>
/// What to do when <see cref="ReplicaHost.Start"/> fails because the member's log is damaged (its exception has a <see cref="LogDamagedException"/> inside) and
/// there are other members to take everything anew from: begin the repair, empty the state machine, say so, and start again. Until it holds again what it may
/// have promised to hold, the member acknowledges, but neither votes nor campaigns; a majority without it must be there.
/// </summary>
public static class DamagedLogRepair
{
    /// <summary>Puts the log aside (as <c>damaged-*</c> in the same directory) and begins a new one. Changes nothing when that is not safe. May be called again after a crash.</summary>
    /// <param name="options">Those the member is started with.</param>
    /// <returns>The last term in which the member may have promised what it has lost.</returns>
    /// <exception cref="HostStartException">It cannot be repaired; the message says why and what to do.</exception>
    public static long Begin(ReplicaHostOptions options)
    {
        try
        {
            using var disk = new RealDisk(DirectoryOf(options));
            return LogRepair.Begin(disk, OpenedStorage.LogOptionsOf(options));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new HostStartException(exception.Message, exception);
        }
    }

    /// <summary>True when a repair was begun and the state that went with the damaged log is still to be emptied: <see cref="Begin"/> must be called again, then <see cref="StateIsEmpty"/>.</summary>
    /// <exception cref="HostStartException">The record of the repair cannot be read.</exception>
    public static bool AwaitsEmptyState(ReplicaHostOptions options)
    {
        try
        {
            if (!Directory.Exists(DirectoryOf(options)))
            {
                return false;
            }

            using var disk = new RealDisk(DirectoryOf(options));
            return LogRepair.Read(disk).Phase == RepairPhase.Begun;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new HostStartException(exception.Message, exception);
        }
    }

    /// <summary>The state machine is empty; the member may be started.</summary>
    public static void StateIsEmpty(ReplicaHostOptions options)
    {
        using var disk = new RealDisk(DirectoryOf(options));
        LogRepair.StateIsEmpty(disk);
    }

    private static string DirectoryOf(ReplicaHostOptions options) =>
        options.DataDirectory ?? throw new ArgumentException("A member that keeps nothing on disk has nothing to repair.", nameof(options));
}
