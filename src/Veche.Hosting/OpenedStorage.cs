using Veche.Log;
using Veche.Raft;
using Veche.Replica;

namespace Veche.Hosting;

/// <summary>A member's disk, opened and judged: log, snapshots, and a state machine that fits them.</summary>
internal sealed class OpenedStorage : IDisposable
{
    private OpenedStorage(IDisk disk, SnapshotStore snapshots, LogRecovery recovery, long? lostThroughTerm)
    {
        Incarnation = Incarnation.Open(disk, recovery.Start);
        Disk = disk;
        Snapshots = snapshots;
        Log = recovery.Log;
        Start = recovery.Start with { LostThroughTerm = lostThroughTerm };
        TornTailBytesCut = recovery.TornTailBytesCut;
    }

    public IDisk Disk { get; }

    public Incarnation Incarnation { get; }

    public SnapshotStore Snapshots { get; }

    public WriteAheadLog Log { get; }

    public RaftStart Start { get; }

    public long TornTailBytesCut { get; }

    public static LogOptions LogOptionsOf(ReplicaHostOptions options)
    {
        Configuration founders = options.Join ? Configuration.Empty : Configuration.Of(options.InitialMembers.Keys).WithQuorums(options.InitialQuorums).WithWitnesses(options.InitialWitnesses);
        return new LogOptions
        {
            Identity = new LogIdentity(options.ClusterId, options.Id),
            SegmentBytes = options.LogSegmentBytes,
            InitialBase = new SnapshotPoint(LogPosition.Zero, options.ForceNewCluster ? Configuration.Of([options.Id]) : founders),
        };
    }

    public static OpenedStorage Open(ReplicaHostOptions options, IStateMachine stateMachine)
    {
        var identity = new LogIdentity(options.ClusterId, options.Id);
        if (options is { ForceNewCluster: true, IsWitness: true })
        {
            throw new HostStartException("a witness holds no data, so it cannot become the only member. Use a member with data.");
        }

        IDisk? disk = null;
        OpenedStorage? storage = null;
        try
        {
            disk = options.DataDirectory is { } directory ? new RealDisk(directory) : new MemoryDisk();
            long? lostThroughTerm = Repair(disk, options);
            SnapshotStore snapshots = SnapshotStore.Open(disk, identity);
            LogOptions logOptions = LogOptionsOf(options);
            LogRecovery recovery = WriteAheadLog.Open(disk, logOptions);
            if (options.ForceNewCluster && recovery.Log.Last.Index > 0)
            {
                MakeOnlyMember(recovery, options.Id, options.ForceNewClusterContext);
                recovery = WriteAheadLog.Open(disk, logOptions);
            }

            storage = new OpenedStorage(disk, snapshots, recovery, lostThroughTerm);
            RequireKind(options, recovery.Start);
            if (!options.StateIsLost)
            {
                storage.Fit(stateMachine);
            }

            return storage;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            storage?.Dispose();
            (disk as IDisposable)?.Dispose();
            throw new HostStartException(exception.Message, exception);
        }
        catch
        {
            storage?.Dispose();
            (disk as IDisposable)?.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        Log.Dispose();
        (Disk as IDisposable)?.Dispose();
    }

    /// <summary>While a repair is under way, the last term in which the member may have promised what it has lost.</summary>
    private static long? Repair(IDisk disk, ReplicaHostOptions options)
    {
        (RepairPhase phase, long lostThroughTerm) = LogRepair.Read(disk);
        return phase switch
        {
            RepairPhase.None => null,
            RepairPhase.Refilling when !options.ForceNewCluster => lostThroughTerm,
            RepairPhase.Refilling => throw new HostStartException("this member's log was damaged and is being filled again by the others: it may lack what they have, and cannot become the only member. Use another one."),
            _ => throw new HostStartException($"a repair of the damaged log was begun, and the state that went with it is not emptied yet (see {nameof(DamagedLogRepair)})."),
        };
    }

    /// <summary>The protocol would stop the member later; here there are words for it.</summary>
    private static void RequireKind(ReplicaHostOptions options, RaftStart start)
    {
        Configuration configuration = start.Entries.LastOrDefault(static entry => entry.Configuration is not null).Configuration ?? start.Base.Configuration;
        if (configuration.Contains(options.Id) && configuration.IsWitness(options.Id) != options.IsWitness)
        {
            throw new HostStartException(options.IsWitness
                ? "the log says that this member holds data, and it was started as a witness. Start it without that, or remove it and add it as a witness with an empty directory."
                : "the log says that this member is a witness, which holds no data. Start it as one, or remove it and add it as a member with data and with an empty directory.");
        }
    }

    /// <summary>Ends the log with a configuration of this member alone, in a term of its own, as if it had been elected and had appended it.</summary>
    private static void MakeOnlyMember(LogRecovery recovery, MemberId self, ReadOnlyMemory<byte> context)
    {
        using WriteAheadLog log = recovery.Log;
        long term = Math.Max(recovery.Start.HardState.Term, log.Last.Term) + 1;
        log.Write(new LogWrite
        {
            WriteId = 1,
            HardState = new HardState(term, self),
            Entries = [new Entry(log.Last.Index + 1, term, EntryKind.Configuration, ConfigurationEntry.Encode(Configuration.Of([self]), context.Span))],
        });
        log.Sync();
    }

    /// <summary>Brings the state machine to where the log can carry it on: into the range from the log's base to its end.</summary>
    private void Fit(IStateMachine stateMachine)
    {
        long first = Start.Base.Position.Index;
        long last = Log.Last.Index;
        if (stateMachine.Applied.Index > last)
        {
            throw new HostStartException($"the state is at index {stateMachine.Applied.Index}, but the log ends at {last}: the log has lost entries that were applied. Restore the whole data directory from one backup, or remove the member and add it anew with an empty directory.");
        }

        if (stateMachine.IsDurable && stateMachine.Applied.Index >= first)
        {
            return;
        }

        // Newest first; a file from beyond the log's end was received right before a crash and never became the log's base.
        foreach (SnapshotPoint snapshot in Snapshots.List())
        {
            if (Log.PositionAt(snapshot.Position.Index) == snapshot.Position)
            {
                using Stream image = Snapshots.OpenRead(snapshot.Position);
                stateMachine.Restore(image, snapshot.Position);
                return;
            }
        }

        if (first > stateMachine.Applied.Index)
        {
            throw new HostStartException($"the log begins after index {first}, the state is at {stateMachine.Applied.Index}, and no snapshot fills the gap. Remove the member and add it anew with an empty directory.");
        }
    }
}
