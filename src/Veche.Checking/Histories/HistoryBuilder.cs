namespace Veche.Checking.Histories;

/// <summary>Pairs calls with completions and puts all events into one order.</summary>
internal sealed class HistoryBuilder(Symbols symbols, HistoryLimits limits)
{
    private readonly List<Open> _operations = [];
    private readonly List<Moment> _moments = [];
    private readonly Dictionary<int, int> _underWay = [];
    private bool _isTimed = true;

    public void Add(in RecordedEvent recorded)
    {
        _isTimed &= recorded.Time.HasValue;
        if (recorded.Type == EventType.Invoke)
        {
            Call(recorded);
        }
        else
        {
            Complete(recorded);
        }
    }

    public History Build()
    {
        Moment[] moments = [.. _moments];
        if (_isTimed && TimeTells(moments) && !IsInOrder(moments))
        {
            Array.Sort(moments, static (left, right) => Compare(left, right));
        }

        long[] calls = new long[_operations.Count];
        long[] returns = new long[_operations.Count];
        Array.Fill(returns, Operation.NotReturned);
        List<int> order = new(_operations.Count);
        for (int place = 0; place < moments.Length; place++)
        {
            Moment moment = moments[place];
            if (moment.IsReturn)
            {
                returns[moment.Operation] = place;
            }
            else
            {
                calls[moment.Operation] = place;
                order.Add(moment.Operation);
            }
        }

        Operation[] operations = new Operation[order.Count];
        for (int i = 0; i < operations.Length; i++)
        {
            operations[i] = ToOperation(_operations[order[i]], calls[order[i]], returns[order[i]]);
        }

        return new History(symbols, operations);
    }

    private static Operation ToOperation(in Open open, long call, long returned) => new()
    {
        Process = open.Called.Process,
        Kind = open.Called.Kind!.Value,
        Key = open.Called.Key,
        Value = open.Value,
        Expected = open.Called.Expected,
        Outcome = open.Outcome,
        Call = call,
        Return = open.Outcome == Outcome.Info ? Operation.NotReturned : returned,
        CallLine = open.Called.Line,
        ReturnLine = open.ReturnLine,
        Parts = open.Parts ?? [],
    };

    // A recorder without a clock may write the same time everywhere; then the lines are all there is.
    private static bool TimeTells(Moment[] moments) => moments.Length > 0 && Array.Exists(moments, moment => moment.Time != moments[0].Time);

    private static bool IsInOrder(Moment[] moments)
    {
        for (int i = 1; i < moments.Length; i++)
        {
            if (Compare(moments[i - 1], moments[i]) > 0)
            {
                return false;
            }
        }

        return true;
    }

    // Intervals are closed: what is called at the moment at which something else returns is concurrent with it.
    private static int Compare(in Moment left, in Moment right) =>
        left.Time != right.Time ? left.Time.CompareTo(right.Time)
        : left.IsReturn != right.IsReturn ? left.IsReturn.CompareTo(right.IsReturn)
        : left.Line.CompareTo(right.Line);

    private void Call(in RecordedEvent recorded)
    {
        if (_operations.Count >= limits.MaxOperations)
        {
            throw new HistoryFormatException(recorded.Line, $"is one operation more than the limit of {limits.MaxOperations}");
        }

        if (!_underWay.TryAdd(recorded.Process, _operations.Count))
        {
            int since = _operations[_underWay[recorded.Process]].Called.Line;
            throw new HistoryFormatException(recorded.Line, $"calls an operation for process {symbols.Show(recorded.Process)}, whose operation of line {since} has not completed");
        }

        _moments.Add(new Moment(recorded.Time ?? 0, false, recorded.Line, _operations.Count));
        _operations.Add(new Open { Called = recorded, Value = recorded.Value, Parts = recorded.Parts, Outcome = Outcome.Info });
    }

    private void Complete(in RecordedEvent recorded)
    {
        if (!_underWay.Remove(recorded.Process, out int index))
        {
            throw new HistoryFormatException(recorded.Line, $"completes an operation of process {symbols.Show(recorded.Process)}, which has called none");
        }

        Open open = _operations[index];
        if (recorded.Kind is { } kind && kind != open.Called.Kind)
        {
            throw new HistoryFormatException(recorded.Line, $"completes with another \"f\" than the call in line {open.Called.Line}");
        }

        if (recorded.HasKey && recorded.Key != open.Called.Key && recorded.Type == EventType.Ok)
        {
            throw new HistoryFormatException(recorded.Line, $"completes with another \"key\" than the call in line {open.Called.Line}");
        }

        if (recorded.Time is { } time && open.Called.Time is { } called && time < called)
        {
            throw new HistoryFormatException(recorded.Line, $"completes before its call in line {open.Called.Line}");
        }

        open.ReturnLine = recorded.Line;
        open.Outcome = recorded.Type switch { EventType.Ok => Outcome.Ok, EventType.Fail => Outcome.Fail, _ => Outcome.Info };
        if (recorded.Type == EventType.Ok)
        {
            TakeResult(recorded, ref open);
        }

        _operations[index] = open;
        _moments.Add(new Moment(recorded.Time ?? 0, true, recorded.Line, index));
    }

    private static void TakeResult(in RecordedEvent recorded, ref Open open)
    {
        switch (open.Called.Kind)
        {
            case OperationKind.Read when recorded.Kind is null:
                throw new HistoryFormatException(recorded.Line, "is the result of a read and has no \"f\"");
            case OperationKind.Read:
                open.Value = recorded.Value;
                open.Parts = recorded.Parts;
                break;
            case OperationKind.Transaction:
                open.Parts = SameParts(open.Called.Parts!, recorded.Parts)
                    ?? throw new HistoryFormatException(recorded.Line, $"completes a txn with other parts than the call in line {open.Called.Line}");
                break;
        }
    }

    // A read that saw nothing may say null or []: both are the empty list.
    private static MicroOperation[]? SameParts(MicroOperation[] called, MicroOperation[]? returned)
    {
        if (returned is null || called.Length != returned.Length)
        {
            return null;
        }

        for (int i = 0; i < called.Length; i++)
        {
            if (called[i].IsAppend != returned[i].IsAppend || called[i].Key != returned[i].Key || called[i].Value != returned[i].Value)
            {
                return null;
            }

            if (!returned[i].IsAppend && returned[i].Elements is null)
            {
                returned[i] = returned[i] with { Elements = [] };
            }
        }

        return returned;
    }

    private struct Open
    {
        public RecordedEvent Called;
        public int Value;
        public MicroOperation[]? Parts;
        public Outcome Outcome;
        public int ReturnLine;
    }

    private readonly record struct Moment(long Time, bool IsReturn, int Line, int Operation);
}
