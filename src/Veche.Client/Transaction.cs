using Veche.Api;

namespace Veche.Client;

/// <summary>Conditions, what to do when all of them hold, and what when not. Built once, committed by <see cref="VecheClient.CommitAsync"/>.</summary>
public sealed class Transaction
{
    internal TxnRequest Request { get; } = new();

    /// <summary>To do it twice comes to the same; then it may be repeated when no answer came.</summary>
    internal bool IsHarmlessTwice { get; init; }

    /// <summary>Adds conditions.</summary>
    public Transaction When(params IReadOnlyList<Condition> conditions)
    {
        Request.Compare.AddRange(conditions.Select(static condition => condition.Compare));
        return this;
    }

    /// <summary>Adds what is done when all conditions hold.</summary>
    public Transaction Then(params IReadOnlyList<Operation> operations)
    {
        Request.Success.AddRange(operations.Select(static operation => operation.Request));
        return this;
    }

    /// <summary>Adds what is done when one of them does not.</summary>
    public Transaction Otherwise(params IReadOnlyList<Operation> operations)
    {
        Request.Failure.AddRange(operations.Select(static operation => operation.Request));
        return this;
    }
}

/// <summary>Something that must hold of a key.</summary>
public sealed class Condition
{
    private Condition(Compare compare) => Compare = compare;

    internal Compare Compare { get; }

    /// <summary>It is there.</summary>
    public static Condition Exists(Bytes key) => Of(key, Compare.Types.CompareTarget.Create, Compare.Types.CompareResult.NotEqual, static compare => compare.CreateRevision = 0);

    /// <summary>It is not there.</summary>
    public static Condition Missing(Bytes key) => CreatedAt(key, 0);

    /// <summary>It came into being at a revision: the fencing token of a lock or a leadership.</summary>
    public static Condition CreatedAt(Bytes key, long revision) => Of(key, Compare.Types.CompareTarget.Create, Compare.Types.CompareResult.Equal, compare => compare.CreateRevision = revision);

    /// <summary>It was last written at a revision: nobody has changed it since it was read.</summary>
    public static Condition ModifiedAt(Bytes key, long revision) => Of(key, Compare.Types.CompareTarget.Mod, Compare.Types.CompareResult.Equal, compare => compare.ModRevision = revision);

    /// <summary>It has a value.</summary>
    public static Condition ValueIs(Bytes key, Bytes value) => Of(key, Compare.Types.CompareTarget.Value, Compare.Types.CompareResult.Equal, compare => compare.Value = value.Raw);

    private static Condition Of(Bytes key, Compare.Types.CompareTarget target, Compare.Types.CompareResult result, Action<Compare> set)
    {
        var compare = new Compare { Key = key.Raw, Target = target, Result = result };
        set(compare);
        return new Condition(compare);
    }
}

/// <summary>Something that a transaction does.</summary>
public sealed class Operation
{
    private Operation(RequestOp request) => Request = request;

    internal RequestOp Request { get; }

    /// <summary>Writes a key.</summary>
    public static Operation Put(Bytes key, Bytes value, VecheLease? lease = null) =>
        new(new RequestOp { RequestPut = new PutRequest { Key = key.Raw, Value = value.Raw, Lease = lease?.Id ?? 0 } });

    /// <summary>Deletes keys.</summary>
    public static Operation Delete(KeyRange range) => new(new RequestOp { RequestDeleteRange = new DeleteRangeRequest { Key = range.Start.Raw, RangeEnd = range.End.Raw } });

    /// <summary>Reads keys.</summary>
    public static Operation Read(KeyRange range) => new(new RequestOp { RequestRange = new RangeRequest { Key = range.Start.Raw, RangeEnd = range.End.Raw } });
}
