using Veche.Raft;

namespace Veche.Replica;

/// <summary>
/// What a witness gets of a log: index, term and kind of every entry, and the payloads only of configurations and of the few commands that it needs. What is left out makes
/// an entry too short for its <see cref="CommandHeader"/>, which is applied as nothing.
/// </summary>
internal static class WitnessEntries
{
    public static Entry[] Of(IReadOnlyList<Entry> entries, Func<ReadOnlyMemory<byte>, bool>? isForWitnesses)
    {
        var without = new Entry[entries.Count];
        for (int i = 0; i < without.Length; i++)
        {
            Entry entry = entries[i];
            bool isWhole = entry.Kind == EntryKind.Configuration
                || (isForWitnesses is not null && entry.Kind == EntryKind.Command && CommandHeader.TryRead(entry.Data, out _, out _, out ReadOnlyMemory<byte> command) && isForWitnesses(command));
            without[i] = isWhole ? entry : entry with { Data = default };
        }

        return without;
    }
}
