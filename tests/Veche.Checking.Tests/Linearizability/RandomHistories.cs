using Veche.Checking.Histories;

namespace Veche.Checking.Tests.Linearizability;

/// <summary>Histories of one key, made by a register that works, and then perhaps with one result changed.</summary>
internal static class RandomHistories
{
    public static History Next(Random random, bool isText, int operations, bool isMutated)
    {
        var symbols = new Symbols();
        int processes = random.Next(1, 5);
        int letters = random.Next(1, 4);
        List<Operation> done = [];
        var underWay = new Operation?[processes];
        bool[] hasTakenEffect = new bool[processes];
        string state = isText ? string.Empty : "null";
        long place = 0;
        while (done.Count < operations || underWay.Any(static operation => operation is not null))
        {
            int process = random.Next(processes);
            place++;
            if (underWay[process] is not { } operation)
            {
                if (done.Count + underWay.Count(static other => other is not null) < operations)
                {
                    underWay[process] = Call(random, symbols, isText, process, letters, place);
                    hasTakenEffect[process] = false;
                }
            }
            else if (!hasTakenEffect[process])
            {
                if (random.Next(8) == 0)
                {
                    // Nobody will ever know; it did not happen.
                    done.Add(operation with { Outcome = random.Next(2) == 0 ? Outcome.Info : Outcome.Fail });
                    underWay[process] = null;
                    continue;
                }

                bool fits = operation.Kind != OperationKind.CompareAndSet || symbols.Show(operation.Expected) == state;
                underWay[process] = operation.Kind == OperationKind.Read ? operation with { Value = isText ? symbols.Of(state) : symbols.OfJson(System.Text.Encoding.UTF8.GetBytes(state)) } : operation with { Outcome = fits ? Outcome.Ok : Outcome.Fail };
                string value = isText ? symbols.TextOf(operation.Value) : symbols.Show(operation.Value);
                state = operation.Kind == OperationKind.Read || !fits ? state : operation.Kind == OperationKind.Append ? state + value : value;
                hasTakenEffect[process] = true;
            }
            else
            {
                done.Add(random.Next(10) == 0 && operation.Outcome == Outcome.Ok ? operation with { Outcome = Outcome.Info } : operation with { Return = place });
                underWay[process] = null;
            }
        }

        if (isMutated)
        {
            int at = random.Next(done.Count);
            done[at] = done[at] with { Value = Value(random, symbols, isText, letters) };
        }

        return new History(symbols, [.. done.OrderBy(static operation => operation.Call)]);
    }

    private static Operation Call(Random random, Symbols symbols, bool isText, int process, int letters, long place) => new()
    {
        Process = symbols.Of(process),
        Kind = random.Next(4) switch { 0 or 1 => OperationKind.Read, 2 => OperationKind.Write, _ => isText ? OperationKind.Append : OperationKind.CompareAndSet },
        Value = Value(random, symbols, isText, letters),
        Expected = Value(random, symbols, isText, letters),
        Outcome = Outcome.Ok,
        Call = place,
        Return = Operation.NotReturned,
    };

    private static int Value(Random random, Symbols symbols, bool isText, int letters) =>
        isText ? symbols.Of(random.Next(3) == 0 ? "ab" : ((char)('a' + random.Next(letters))).ToString()) : symbols.Of(random.Next(letters));
}
