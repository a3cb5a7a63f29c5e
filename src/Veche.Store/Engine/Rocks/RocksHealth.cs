using Veche.Replica;

namespace Veche.Store.Engine.Rocks;

/// <summary>Tells damage from everything else that can fail.</summary>
internal sealed unsafe class RocksHealth
{
    /// <summary>Told of damage, from any thread.</summary>
    public Action<string>? Damaged { get; set; }

    /// <summary>True when a message of RocksDB says that its files are not what was written: a checksum is wrong, a file is missing, or the disk cannot read it.</summary>
    public static bool IsDamage(string message) =>
        message.StartsWith("Corruption", StringComparison.Ordinal)
        || (message.StartsWith("IO error", StringComparison.Ordinal) && (message.Contains("No such file", StringComparison.Ordinal) || message.Contains("Input/output error", StringComparison.Ordinal)));

    /// <param name="what">What was tried; begins the message.</param>
    /// <param name="error">What came of it.</param>
    /// <exception cref="StateDamagedException">The files are damaged; whoever is to know has been told.</exception>
    /// <exception cref="IOException">It failed for another reason.</exception>
    public void ThrowIfAny(string what, byte* error)
    {
        if (RocksError.Take(error) is not { } message)
        {
            return;
        }

        string text = $"{what} failed: {message}";
        if (!IsDamage(message))
        {
            throw new IOException(text);
        }

        Damaged?.Invoke(text);
        throw new StateDamagedException(text);
    }
}
