using Veche.Api;

namespace Veche.Client;

/// <summary>A key with its value, as it was at some revision.</summary>
/// <param name="Key">The key.</param>
/// <param name="Value">The value.</param>
/// <param name="CreateRevision">When the key last came into being. Who holds a lock or leads is known by it.</param>
/// <param name="ModRevision">When it was last written.</param>
/// <param name="Version">How often it was written since it came into being; 1 after the first time.</param>
/// <param name="Lease">The lease it goes away with; 0 for none.</param>
public sealed record Item(Bytes Key, Bytes Value, long CreateRevision, long ModRevision, long Version, long Lease)
{
    internal static Item Of(KeyValue kv) => new(new Bytes(kv.Key), new Bytes(kv.Value), kv.CreateRevision, kv.ModRevision, kv.Version, kv.Lease);
}

/// <summary>What a reply says beside its content.</summary>
/// <param name="Revision">Revision of the store that the reply is about.</param>
/// <param name="Reached">For a write, how far it had come when it was acknowledged; null when the server did not say.</param>
/// <param name="Token">For <see cref="CallSettings.After"/>, of this client or another; null when the server did not say.</param>
/// <param name="Age">For a read, how old what it shows may be; null when the server did not say.</param>
/// <param name="Warning">What the server finds worth knowing; else null.</param>
public sealed record ReplyInfo(long Revision, string? Reached, string? Token, TimeSpan? Age, string? Warning);

/// <summary>What was read.</summary>
/// <param name="Items">The keys found, in their order.</param>
/// <param name="Count">How many there are, also when fewer were asked for.</param>
/// <param name="More">There are more than were asked for.</param>
/// <param name="Info">About the reply.</param>
public sealed record RangeResult(IReadOnlyList<Item> Items, long Count, bool More, ReplyInfo Info);

/// <summary>What was written.</summary>
/// <param name="Previous">What was there before, when that was asked for and there was something.</param>
/// <param name="Info">About the reply; its revision is the write's.</param>
public sealed record PutResult(Item? Previous, ReplyInfo Info);

/// <summary>What was deleted.</summary>
/// <param name="Deleted">How many keys.</param>
/// <param name="Info">About the reply.</param>
public sealed record DeleteResult(long Deleted, ReplyInfo Info);

/// <summary>What became of a transaction.</summary>
/// <param name="Succeeded">The conditions held, so the first list of operations was done; otherwise the second.</param>
/// <param name="Reads">For each operation, in order, what it read, or null when it does not read.</param>
/// <param name="Info">About the reply.</param>
public sealed record TransactionResult(bool Succeeded, IReadOnlyList<IReadOnlyList<Item>?> Reads, ReplyInfo Info);
