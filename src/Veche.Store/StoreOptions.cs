namespace Veche.Store;

/// <summary>How to open a store.</summary>
public sealed record StoreOptions
{
    /// <summary>Directory of the data; created when missing. Null keeps it in memory.</summary>
    public string? DataDirectory { get; init; }
}

/// <summary>Bounds on requests.</summary>
public sealed record RequestLimits
{
    /// <summary>Most entries in each list of a transaction, nested ones counted. Default 128, as etcd's <c>--max-txn-ops</c>.</summary>
    public int MaxTransactionOperations { get; init; } = 128;

    /// <summary>Largest request in bytes. Default 1.5 MiB, as etcd's <c>--max-request-bytes</c>.</summary>
    public int MaxRequestBytes { get; init; } = 1536 << 10;

    /// <summary>Longest time to live of a lease, in seconds, as etcd has it.</summary>
    public const long MaxLeaseTtlSeconds = 9_000_000_000;
}
