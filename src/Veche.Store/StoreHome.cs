using Veche.Replica;
using Veche.Store.Engine;
using Veche.Store.Engine.Rocks;

// Directories are chosen and swapped here; the data in them is the engine's.
#pragma warning disable RS0030

namespace Veche.Store;

/// <summary>Where the data of a store lives.</summary>
internal interface IStoreHome
{
    /// <summary>The engine with the data in use.</summary>
    IKeyValueEngine OpenEngine();

    /// <summary>An empty engine beside the one in use, and what makes it the one in use.</summary>
    (IKeyValueEngine Engine, Action MakeCurrent) CreateSuccessor();

    /// <summary>The engine in use has taken the place of one that was put aside, and nothing has been loaded into it yet.</summary>
    bool AwaitsState { get; }

    /// <summary>The engine in use is damaged: it is not to be opened again.</summary>
    void MarkDamaged();
}

/// <summary>
/// A directory, or memory. A restored state is loaded into a directory of its own, and becomes the one in use with one rename
/// of the file that names it.
/// </summary>
internal sealed class StoreHome(string? directory) : IStoreHome
{
    private const string CurrentFile = "CURRENT-STORE";
    private const string Prefix = "store-";

    /// <summary>Names a directory that was found to be damaged.</summary>
    private const string DamagedFile = "DAMAGED-STORE";

    /// <summary>Names a directory that is still to get its data from another member.</summary>
    private const string AwaitingFile = "AWAITING-STORE";

    /// <summary>Before the name of a directory that is kept for whoever wants to know what happened to it.</summary>
    private const string AsidePrefix = "damaged-";

    /// <inheritdoc/>
    public IKeyValueEngine OpenEngine()
    {
        if (directory is null)
        {
            return new MemoryEngine();
        }

        Directory.CreateDirectory(directory);
        string name = ReadCurrent();
        string? damaged = ReadName(DamagedFile);
        if (damaged == name)
        {
            throw new StateDamagedException($"the store in {Path.Combine(directory, name)} was found to be damaged before the restart");
        }

        foreach (string path in Directory.EnumerateDirectories(directory, Prefix + "*"))
        {
            if (Path.GetFileName(path) == damaged)
            {
                MoveAside(damaged);
            }
            else if (Path.GetFileName(path) != name)
            {
                Directory.Delete(path, recursive: true);
            }
        }

        File.Delete(Path.Combine(directory, DamagedFile));
        return new RocksEngine(Path.Combine(directory, name));
    }

    /// <inheritdoc/>
    public (IKeyValueEngine Engine, Action MakeCurrent) CreateSuccessor()
    {
        if (directory is null)
        {
            return (new MemoryEngine(), static () => { });
        }

        string name = NameAfter(ReadCurrent());
        string path = Path.Combine(directory, name);
        if (Directory.Exists(path))
        {
            Directory.Delete(path, recursive: true);
        }

        return (new RocksEngine(path), () => WriteName(CurrentFile, name));
    }

    /// <inheritdoc/>
    public bool AwaitsState => directory is not null && ReadName(AwaitingFile) == ReadCurrent();

    /// <inheritdoc/>
    public void MarkDamaged()
    {
        if (directory is not null)
        {
            WriteName(DamagedFile, ReadCurrent());
        }
    }

    /// <summary>Keeps the directory in use under another name; the next engine begins empty.</summary>
    public string PutAside()
    {
        string current = ReadCurrent();

        // First, so that a crash in between leaves a store that is known to be damaged, and not one that is empty and takes itself for whole.
        WriteName(DamagedFile, current);
        string aside = Path.Combine(directory!, AsidePrefix + current);
        if (Directory.Exists(Path.Combine(directory!, current)))
        {
            aside = MoveAside(current);
        }

        string next = NameAfter(current);
        WriteName(AwaitingFile, next);
        WriteName(CurrentFile, next);
        return aside;
    }

    private static string NameAfter(string name) =>
        Prefix + (int.Parse(name.AsSpan(Prefix.Length), System.Globalization.CultureInfo.InvariantCulture) + 1).ToString(System.Globalization.CultureInfo.InvariantCulture);

    private string MoveAside(string name)
    {
        foreach (string older in Directory.EnumerateDirectories(directory!, AsidePrefix + "*"))
        {
            Directory.Delete(older, recursive: true);
        }

        string aside = Path.Combine(directory!, AsidePrefix + name);
        Directory.Move(Path.Combine(directory!, name), aside);
        return aside;
    }

    private string ReadCurrent() => ReadName(CurrentFile) ?? Prefix + "1";

    private string? ReadName(string file)
    {
        string path = Path.Combine(directory!, file);
        if (!File.Exists(path))
        {
            return null;
        }

        string name = File.ReadAllText(path).Trim();
        return name.StartsWith(Prefix, StringComparison.Ordinal) && int.TryParse(name.AsSpan(Prefix.Length), out _)
            ? name
            : throw new IOException($"{path} is damaged: it should name a directory such as {Prefix}1. Put the name of the newest one there.");
    }

    private void WriteName(string file, string name)
    {
        string path = Path.Combine(directory!, file);
        using (var stream = new FileStream(path + ".tmp", FileMode.Create, FileAccess.Write))
        {
            stream.Write(System.Text.Encoding.ASCII.GetBytes(name));
            stream.Flush(flushToDisk: true);
        }

        File.Move(path + ".tmp", path, overwrite: true);
    }
}
