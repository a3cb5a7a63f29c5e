using System.IO.Hashing;
using Veche.Store.Mvcc;

namespace Veche.Store.Integrity;

/// <summary>
/// A hash of everything that commands have written, in order. It does not depend on how the commands were gathered into batches, so two members that did the same
/// from the same place on have the same.
/// </summary>
internal sealed class AppliedHash
{
    private const long Deleted = 0x64;

    public ulong Value { get; set; }

    public void Put(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        // The store's own record says how far a batch goes, and batches differ.
        if (key[0] != KeyLayout.Meta)
        {
            Value = XxHash3.HashToUInt64(value, (long)XxHash3.HashToUInt64(key, (long)Value));
        }
    }

    public void Delete(ReadOnlySpan<byte> key) => Value = XxHash3.HashToUInt64(key, (long)Value ^ Deleted);
}
