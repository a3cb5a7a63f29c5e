using Veche.Raft;
using Veche.Store.Backups;
using Veche.Store.Engine;
using Veche.Store.Mvcc;

namespace Veche.Store;

/// <summary>Backups in etcd's format, and back.</summary>
public sealed partial class KeyValueStore
{
    /// <summary>Pins the state as it is now, to be written as etcd's database file. Cheap; writing it later holds up nobody.</summary>
    /// <param name="clusterVersion">What the file says the cluster's version is, such as 3.4.0.</param>
    public StoreBackup OpenBackup(string clusterVersion)
    {
        lock (_stateLock)
        {
            return new StoreBackup(_engine.OpenView().ForLongWalk(), new BackupState(_meta.Applied.Index, _meta.Revision, _meta.CompactRevision, _meta.ReclaimedRevision), clusterVersion);
        }
    }

    /// <summary>Fills a new store from a backup: keys with all their history, leases, users and roles, alarms. Members are left out: a restored cluster has its own.</summary>
    /// <param name="options">A directory without a store.</param>
    /// <param name="backup">Read to the end of what it says.</param>
    /// <param name="applied">The position in the log that the state stands for.</param>
    /// <returns>The revision of the restored state.</returns>
    /// <exception cref="InvalidDataException">The backup is damaged, or is none.</exception>
    /// <exception cref="IOException">The directory cannot be written.</exception>
    public static long Import(StoreOptions options, BackupFile backup, LogPosition applied)
    {
        using IKeyValueEngine engine = new StoreHome(options.DataDirectory).OpenEngine();
        using (IEngineView before = engine.OpenView())
        {
            if (before.Get([KeyLayout.Meta]) is not null)
            {
                throw new IOException($"there is a store in {options.DataDirectory} already");
            }
        }

        var import = new BackupImport(engine);
        import.Run(backup);
        using IEngineView view = engine.OpenView();
        var meta = new Meta(applied, import.Revision, import.CompactRevision, import.ReclaimedRevision, Meta.Uncounted, Meta.Uncounted, 0, 0);
        byte[] bytes = new byte[Meta.Length];
        Counted(meta, view).Encode(bytes);
        engine.Batch.Put([KeyLayout.Meta], bytes);
        engine.Commit();
        engine.Flush();
        return import.Revision;
    }
}
