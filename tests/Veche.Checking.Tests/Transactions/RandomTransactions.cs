using Veche.Checking.Histories;

namespace Veche.Checking.Tests.Transactions;

/// <summary>Small histories of a store of lists that works, and then reads changed in some places.</summary>
internal static class RandomTransactions
{
    public static History Next(Random random, int mutations, bool endsWithReads)
    {
        var symbols = new Symbols();
        int[] keys = [symbols.Of("x"), symbols.Of("y")];
        Dictionary<int, List<int>> state = new() { [keys[0]] = [], [keys[1]] = [] };
        int processes = random.Next(1, 4);
        var underWay = new Operation?[processes];
        bool[] hasTakenEffect = new bool[processes];
        List<Operation> done = [];
        int called = 0;
        int count = random.Next(2, 6);
        long place = 0;
        while (called < count || underWay.Any(static operation => operation is not null))
        {
            int process = random.Next(processes);
            place++;
            if (underWay[process] is not { } operation)
            {
                if (called < count)
                {
                    underWay[process] = Call(random, symbols, keys, process, called++, place);
                    hasTakenEffect[process] = false;
                }
            }
            else if (!hasTakenEffect[process])
            {
                if (random.Next(8) == 0)
                {
                    done.Add(operation with { Outcome = random.Next(2) == 0 ? Outcome.Info : Outcome.Fail });
                    underWay[process] = null;
                    continue;
                }

                underWay[process] = operation with { Parts = [.. operation.Parts.Select(part => Run(part, state))] };
                hasTakenEffect[process] = true;
            }
            else
            {
                done.Add(random.Next(10) == 0 ? WithoutResult(operation) : operation with { Return = place });
                underWay[process] = null;
            }
        }

        for (int i = 0; i < mutations; i++)
        {
            Mutate(random, done);
        }

        if (endsWithReads)
        {
            done.Add(new Operation
            {
                Process = symbols.Of("last"),
                Kind = OperationKind.Transaction,
                Outcome = Outcome.Ok,
                Call = place + 1,
                Return = place + 2,
                CallLine = (int)place + 1,
                Parts = [.. keys.Select(key => new MicroOperation(false, key, 0, [.. state[key]]))],
            });
        }

        return new History(symbols, [.. done.OrderBy(static operation => operation.Call)]);
    }

    private static Operation Call(Random random, Symbols symbols, int[] keys, int process, int number, long place)
    {
        int next = 10 * number;
        return new Operation
        {
            Process = symbols.Of(process),
            Kind = OperationKind.Transaction,
            Outcome = Outcome.Ok,
            Call = place,
            Return = Operation.NotReturned,
            CallLine = (int)place,
            Parts = [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ =>
                new MicroOperation(random.Next(2) == 0, keys[random.Next(2)], symbols.Of(next++), null))],
        };
    }

    private static MicroOperation Run(MicroOperation part, Dictionary<int, List<int>> state)
    {
        if (!part.IsAppend)
        {
            return part with { Elements = [.. state[part.Key]] };
        }

        state[part.Key].Add(part.Value);
        return part;
    }

    private static Operation WithoutResult(Operation operation) =>
        operation with { Outcome = Outcome.Info, Parts = [.. operation.Parts.Select(static part => part with { Elements = null })] };

    // A read that saw a little less, or two elements the other way round.
    private static void Mutate(Random random, List<Operation> done)
    {
        int at = random.Next(done.Count);
        MicroOperation[] parts = [.. done[at].Parts];
        for (int i = 0; i < parts.Length; i++)
        {
            if (parts[i].Elements is { Length: > 0 } elements)
            {
                parts[i] = parts[i] with { Elements = random.Next(4) == 0 && elements.Length > 1 ? [.. elements[..^2], elements[^1], elements[^2]] : elements[..^1] };
                break;
            }
        }

        done[at] = done[at] with { Parts = parts };
    }
}
