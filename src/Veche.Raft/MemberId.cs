using System.Globalization;

namespace Veche.Raft;

/// <summary>
/// The identity of a member of the cluster. Zero means "nobody": no vote given, no leader known.
/// An identity is never used again after its member was removed or lost its disk.
/// </summary>
/// <param name="Value">The number; printed in hexadecimal, as etcd prints member ids.</param>
public readonly record struct MemberId(ulong Value) : IComparable<MemberId>
{
    /// <summary>Nobody.</summary>
    public static readonly MemberId None;

    /// <summary>True when this names nobody.</summary>
    public bool IsNone => Value == 0;

    /// <inheritdoc/>
    public int CompareTo(MemberId other) => Value.CompareTo(other.Value);

    /// <summary>The id in lower-case hexadecimal without leading zeros.</summary>
    public override string ToString() => Value.ToString("x", CultureInfo.InvariantCulture);
}
