namespace Veche.Checking.Linearizability;

/// <summary>
/// The calls and returns of a history as a doubly linked list in order of time: what is placed is unlinked, and linked again when the search steps back.
/// Entry 0 is the head.
/// </summary>
internal sealed class Timeline
{
    private readonly int[] _next;
    private readonly int[] _previous;
    private readonly int[] _operation;
    private readonly int[] _call;
    private readonly int[] _return;

    public Timeline(ReadOnlySpan<Interval> intervals)
    {
        List<(long Time, bool IsReturn, int Operation)> events = new(intervals.Length * 2);
        for (int i = 0; i < intervals.Length; i++)
        {
            if (intervals[i].Return < intervals[i].Call)
            {
                throw new ArgumentException($"operation {i} returns before it is called", nameof(intervals));
            }

            events.Add((intervals[i].Call, false, i));
            if (intervals[i].Return != Interval.Open)
            {
                events.Add((intervals[i].Return, true, i));
            }
        }

        // False sorts before true: calls come before returns of the same time.
        events.Sort();
        int count = events.Count + 1;
        _next = new int[count];
        _previous = new int[count];
        _operation = new int[count];
        _call = new int[intervals.Length];
        _return = new int[intervals.Length];
        for (int entry = 1; entry < count; entry++)
        {
            (_, bool isReturn, int operation) = events[entry - 1];
            _previous[entry] = entry - 1;
            _next[entry - 1] = entry;
            _operation[entry] = isReturn ? ~operation : operation;
            (isReturn ? _return : _call)[operation] = entry;
        }
    }

    public int First => _next[0];

    public int EntryCount => _next.Length;

    public int Next(int entry) => _next[entry];

    public bool IsReturn(int entry) => _operation[entry] < 0;

    public int OperationAt(int entry) => _operation[entry] < 0 ? ~_operation[entry] : _operation[entry];

    public int CallOf(int operation) => _call[operation];

    public int ReturnOf(int operation) => _return[operation];

    public bool IsOpen(int operation) => _return[operation] == 0;

    /// <summary>The links of an unlinked entry still lead back into the list, so a scan may go on from it.</summary>
    public void Unlink(int operation)
    {
        if (_return[operation] != 0)
        {
            Unlink(ref _return[operation]);
        }

        Unlink(ref _call[operation]);
    }

    public void Link(int operation)
    {
        Link(ref _call[operation]);
        if (_return[operation] != 0)
        {
            Link(ref _return[operation]);
        }
    }

    private void Unlink(ref int entry)
    {
        int next = _next[entry];
        _next[_previous[entry]] = next;
        if (next != 0)
        {
            _previous[next] = _previous[entry];
        }
    }

    private void Link(ref int entry)
    {
        int next = _next[entry];
        _next[_previous[entry]] = entry;
        if (next != 0)
        {
            _previous[next] = entry;
        }
    }
}
