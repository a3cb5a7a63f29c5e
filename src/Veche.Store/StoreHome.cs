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
}

/// <summary>
/// A directory, or memory. A restored state is loaded into a directory of its own, and becomes the one in use with one rename
/// of the file that names it.
/// </summary>
internal sealed class StoreHome(string? directory) : IStoreHome
{
    private const string CurrentFile = "CURRENT-STORE";
    private const string Prefix = "store-";

    /// <inheritdoc/>
    public IKeyValueEngine OpenEngine()
    {
        if (directory is null)
        {
            return new MemoryEngine();
        }

        Directory.CreateDirectory(directory);
        string name = ReadCurrent();
        foreach (string path in Directory.EnumerateDirectories(directory, Prefix + "*"))
        {
            if (Path.GetFileName(path) != name)
            {
                Directory.Delete(path, recursive: true);
            }
        }

        return new RocksEngine(Path.Combine(directory, name));
    }

    /// <inheritdoc/>
    public (IKeyValueEngine Engine, Action MakeCurrent) CreateSuccessor()
    {
        if (directory is null)
        {
            return (new MemoryEngine(), static () => { });
        }

        string current = ReadCurrent();
        string name = Prefix + (int.Parse(current.AsSpan(Prefix.Length), System.Globalization.CultureInfo.InvariantCulture) + 1).ToString(System.Globalization.CultureInfo.InvariantCulture);
        string path = Path.Combine(directory, name);
        if (Directory.Exists(path))
        {
            Directory.Delete(path, recursive: true);
        }

        return (new RocksEngine(path), () => WriteCurrent(name));
    }

    private string ReadCurrent()
    {
        string path = Path.Combine(directory!, CurrentFile);
        if (!File.Exists(path))
        {
            return Prefix + "1";
        }

        string name = File.ReadAllText(path).Trim();
        return name.StartsWith(Prefix, StringComparison.Ordinal) && int.TryParse(name.AsSpan(Prefix.Length), out _)
            ? name
            : throw new IOException($"{path} is damaged: it should name a directory such as {Prefix}1. Put the name of the newest one there.");
    }

    private void WriteCurrent(string name)
    {
        string path = Path.Combine(directory!, CurrentFile);
        using (var file = new FileStream(path + ".tmp", FileMode.Create, FileAccess.Write))
        {
            file.Write(System.Text.Encoding.ASCII.GetBytes(name));
            file.Flush(flushToDisk: true);
        }

        File.Move(path + ".tmp", path, overwrite: true);
    }
}
