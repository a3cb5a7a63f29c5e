using Veche.Log;
using Veche.Raft;
using Veche.Server.Options;
using Veche.Store;
using Veche.Store.Backups;

namespace Veche.Server.Snapshots;

/// <summary>Makes the data directory of one member of a new cluster out of a snapshot, Veche's or etcd's.</summary>
public static class SnapshotRestore
{
    /// <summary>
    /// The restored state stands for the log's first entry. So a member that joins with an empty directory, or that somebody forgot to restore, lacks
    /// an entry that no log has, and is sent the whole state.
    /// </summary>
    private static readonly LogPosition Restored = new(1, 1);

    /// <summary>Restores.</summary>
    /// <param name="snapshot">The file.</param>
    /// <param name="checkHash">See <see cref="BackupFile.Open"/>.</param>
    /// <param name="options">Whose directory it will be: name, cluster, token, directory.</param>
    /// <returns>The revision of the restored state.</returns>
    /// <exception cref="IOException">The snapshot cannot be read, or the directory exists or cannot be written.</exception>
    /// <exception cref="InvalidDataException">The snapshot is damaged, or is none.</exception>
    /// <exception cref="OptionException">The settings make no sense.</exception>
    public static long Run(string snapshot, bool checkHash, ServerOptions options)
    {
        ClusterIdentity identity = ClusterIdentity.Of(options);
        string directory = Path.GetFullPath(options.DataDirectory);
        if (Directory.Exists(directory) && Directory.EnumerateFileSystemEntries(directory).Any())
        {
            throw new IOException($"data-dir \"{options.DataDirectory}\" exists; a snapshot is only restored into a new one");
        }

        // It gets its name when it is whole.
        string unfinished = directory + ".restoring";
        if (Directory.Exists(unfinished))
        {
            Directory.Delete(unfinished, recursive: true);
        }

        Directory.CreateDirectory(unfinished);
        long revision;
        using (FileStream file = File.OpenRead(snapshot))
        {
            revision = KeyValueStore.Import(new StoreOptions { DataDirectory = Path.Combine(unfinished, "store") }, BackupFile.Open(file, checkHash), Restored);
        }

        BeginLog(Path.Combine(unfinished, "log"), identity);
        if (Directory.Exists(directory))
        {
            Directory.Delete(directory);
        }

        Directory.Move(unfinished, directory);
        return revision;
    }

    private static void BeginLog(string directory, ClusterIdentity identity)
    {
        using var disk = new RealDisk(directory);
        var options = new LogOptions
        {
            Identity = new LogIdentity(identity.ClusterId, identity.Self),
            InitialBase = new SnapshotPoint(Restored, Configuration.Of(identity.Members.Select(static member => member.Id))),
        };
        using WriteAheadLog log = WriteAheadLog.Open(disk, options).Log;
        log.Write(new LogWrite { WriteId = 1, HardState = new HardState(Restored.Term, default) });
        log.Sync();
    }
}
