using Veche.Api;
using Veche.Checking;
using Veche.Checking.Linearizability;
using Veche.Simulation.Clients;

namespace Veche.Simulation.Verdicts;

/// <summary>
/// The history once more, without revisions, model or log: only what clients asked and were answered, key by key, searched for an order that
/// explains it. Slower than the revisions, and owes them nothing.
/// </summary>
internal static class SearchedHistory
{
    /// <summary>Steps after which a search gives up and says "unknown".</summary>
    private const long MaxSteps = 300_000;

    /// <summary>One operation on one key.</summary>
    private readonly record struct Step(OperationKind Kind, long Value, long Expected);

    /// <summary>Judges every key that no lease touched, for what an expired lease deletes no client has asked for, nor any request of many keys.</summary>
    public static void Check(World world)
    {
        HashSet<int> leased = [.. world.History.Operations.Where(static operation => operation.Kind == OperationKind.PutWithLease).Select(static operation => operation.Key)];
        foreach (Operation operation in world.History.Operations)
        {
            if (operation.IsWrite && operation.Outcome != Outcome.Refused)
            {
                leased.UnionWith(Touched(operation.Request));
            }
        }

        for (int key = 0; key < world.Keys; key++)
        {
            if (leased.Contains(key))
            {
                continue;
            }

            List<TimedOperation<Step, long>> operations = [];
            List<Operation> originals = [];
            foreach (Operation operation in world.History.Operations)
            {
                if (Project(operation, key) is { } projected)
                {
                    operations.Add(projected);
                    originals.Add(operation);
                }
            }

            LinearizabilityResult result = LinearizabilityChecker.Check(new KeyObject(), operations, new CheckLimits { Steps = MaxSteps, Time = TimeSpan.MaxValue });
            world.Count(result.Verdict == Verdict.Valid ? "keys searched, linearizable" : "keys searched, unknown");
            if (result.Verdict == Verdict.Invalid)
            {
                throw new ViolationException("not linearizable, by search", $"{KeyNames.Of(key)}: no order has a place for {originals[result.Blocked]}");
            }
        }
    }

    private static IEnumerable<int> Touched(Google.Protobuf.IMessage? request) => request switch
    {
        PutRequest put => [KeyNames.NumberOf(put.Key)],
        DeleteRangeRequest delete => Enumerable.Range(KeyNames.FirstFrom(delete.Key), delete.RangeEnd.IsEmpty ? 1 : KeyNames.Most - KeyNames.FirstFrom(delete.Key)),
        TxnRequest transaction => transaction.Success.Concat(transaction.Failure).SelectMany(static operation =>
            Touched(operation.RequestPut ?? operation.RequestDeleteRange ?? (Google.Protobuf.IMessage?)operation.RequestTxn)),
        _ => [],
    };

    private static TimedOperation<Step, long>? Project(Operation operation, int key)
    {
        bool isKnown = operation.Outcome == Outcome.Done;
        bool touches = operation.Key == key || operation.SecondKey == key || operation.Kind == OperationKind.GetAll;
        if (!touches || operation.Outcome == Outcome.Refused || (!isKnown && !operation.IsWrite))
        {
            return null;
        }

        var interval = new Interval(operation.CallNs, isKnown ? operation.ReturnNs : Interval.Open);
        return operation.Kind switch
        {
            OperationKind.Put or OperationKind.PutTwo => new(interval, new Step(OperationKind.Put, operation.Value, 0), 0),
            OperationKind.Delete => new(interval, new Step(OperationKind.Delete, 0, 0), operation.Succeeded ? 1 : 0),
            OperationKind.CompareAndSet => new(interval, new Step(OperationKind.CompareAndSet, operation.Value, operation.Expected), operation.Succeeded ? 1 : 0),
            OperationKind.Get => new(interval, new Step(OperationKind.Get, 0, 0), operation.Read),
            OperationKind.GetAll => new(interval, new Step(OperationKind.Get, 0, 0), operation.ReadAll![key]),
            _ => null,
        };
    }

    /// <summary>A key: its value, 0 when it is absent.</summary>
    private sealed class KeyObject : SequentialModel<long, Step, long>
    {
        public override long Initial => 0;

        public override bool IsReadOnly(Step input) => input.Kind == OperationKind.Get;

        public override bool TryStep(long state, Step input, long output, bool isOutputKnown, out long next)
        {
            next = state;
            switch (input.Kind)
            {
                case OperationKind.Get:
                    return !isOutputKnown || output == state;
                case OperationKind.Put:
                    next = input.Value;
                    return true;
                case OperationKind.Delete:
                    next = 0;
                    return !isOutputKnown || output == (state == 0 ? 0 : 1);
                default:
                    bool holds = state == input.Expected;
                    next = holds ? input.Value : state;
                    return !isOutputKnown || output == (holds ? 1 : 0);
            }
        }
    }
}
