using Veche.Raft;

namespace Veche.Exploration.Search;

/// <summary>How often each bounded kind of move has happened.</summary>
internal readonly record struct Spent(UInt128 Counts)
{
    public int this[MoveKind kind] => (int)(byte)(Counts >> (8 * (int)kind));

    public Spent Plus(MoveKind kind) => new(Counts + (UInt128.One << (8 * (int)kind)));

    public ulong Hash => StateWriter.Mix((ulong)Counts ^ StateWriter.Mix((ulong)(Counts >> 64) + 1));
}
