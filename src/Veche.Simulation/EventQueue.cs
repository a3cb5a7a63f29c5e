namespace Veche.Simulation;

/// <summary>What is to happen when.</summary>
internal enum EventKind : byte
{
    /// <summary>A message reaches a member.</summary>
    Deliver,

    /// <summary>A member's timer rings.</summary>
    Tick,

    /// <summary>A member's disk has done what it was given.</summary>
    LogDone,

    /// <summary>A member's state machine has applied what it was given.</summary>
    ApplyDone,

    /// <summary>Entries have been read back from a member's log.</summary>
    LogReadDone,

    /// <summary>A snapshot is to replace a member's state.</summary>
    InstallDone,

    /// <summary>A member's state is to be saved.</summary>
    SaveDone,

    /// <summary>A snapshot for another member is to be captured.</summary>
    CaptureDone,

    /// <summary>A snapshot reaches the member it is for.</summary>
    SnapshotArrives,

    /// <summary>A sender hears what became of its snapshot.</summary>
    SnapshotSent,

    /// <summary>A request reaches a member.</summary>
    Request,

    /// <summary>A question of one member reaches another.</summary>
    Call,

    /// <summary>The answer to a question reaches the member that asked.</summary>
    CallReply,

    /// <summary>A member looks at its leases and its disk.</summary>
    Sweep,

    /// <summary>An answer reaches a client.</summary>
    Reply,

    /// <summary>A client does its next thing, or stops waiting for an answer.</summary>
    ClientWakes,

    /// <summary>A member hears that its connection to another broke.</summary>
    Unreachable,

    /// <summary>A member does something rare of its own: <see cref="ScheduledEvent.Payload"/> is what.</summary>
    Own,

    /// <summary>Anything rare: <see cref="ScheduledEvent.Payload"/> is what to do.</summary>
    Action,
}

/// <summary>Something that will happen.</summary>
/// <param name="TimeNs">When.</param>
/// <param name="Order">Which of those at one time is first.</param>
/// <param name="Kind">What.</param>
/// <param name="Target">To which member or client; -1 to nobody.</param>
/// <param name="Incarnation">Of the target: what was on its way to an earlier one is lost.</param>
/// <param name="Number">A number that belongs to it.</param>
/// <param name="Payload">An object that belongs to it.</param>
internal readonly record struct ScheduledEvent(long TimeNs, long Order, EventKind Kind, int Target, int Incarnation, long Number, object? Payload);

/// <summary>
/// Events in order of time, and of scheduling at one time. A heap, four children to a node, of no more than what decides the order: the events
/// themselves stay where they are. This is the hottest place of a simulation.
/// </summary>
internal sealed class EventQueue
{
    private const int Children = 4;

    private readonly Stack<int> _free = new();
    private Place[] _heap = new Place[1024];
    private ScheduledEvent[] _events = new ScheduledEvent[1024];
    private int _count;
    private long _order;

    /// <summary>When an event is due, and where it is kept.</summary>
    private readonly record struct Place(long TimeNs, long Order, int At);

    public int Count => _count;

    public long NextTimeNs => _heap[0].TimeNs;

    public void Add(long timeNs, EventKind kind, int target, int incarnation, long number, object? payload) =>
        Insert(new ScheduledEvent(timeNs, _order++, kind, target, incarnation, number, payload));

    /// <summary>Puts an event off, to a later time and behind what is already there.</summary>
    public void Postpone(in ScheduledEvent scheduled, long timeNs) => Insert(scheduled with { TimeNs = timeNs, Order = _order++ });

    public ScheduledEvent Take()
    {
        int at = _heap[0].At;
        ScheduledEvent first = _events[at];
        _events[at] = default;
        _free.Push(at);
        Place last = _heap[--_count];
        int hole = 0;
        while (FirstChild(hole) is var child && child >= 0 && IsBefore(_heap[child], last))
        {
            _heap[hole] = _heap[child];
            hole = child;
        }

        _heap[hole] = last;
        return first;
    }

    private static bool IsBefore(in Place left, in Place right) =>
        left.TimeNs < right.TimeNs || (left.TimeNs == right.TimeNs && left.Order < right.Order);

    /// <summary>The child that is first in order; -1 when there is none.</summary>
    private int FirstChild(int parent)
    {
        int begin = (Children * parent) + 1;
        int end = Math.Min(begin + Children, _count);
        int first = begin < end ? begin : -1;
        for (int child = begin + 1; child < end; child++)
        {
            if (IsBefore(_heap[child], _heap[first]))
            {
                first = child;
            }
        }

        return first;
    }

    private void Insert(in ScheduledEvent added)
    {
        if (_count == _heap.Length)
        {
            Array.Resize(ref _heap, _heap.Length * 2);
            Array.Resize(ref _events, _events.Length * 2);
        }

        // Those that are free are as many as were taken, so without one the next was never used.
        int at = _free.TryPop(out int free) ? free : _count;
        _events[at] = added;
        var place = new Place(added.TimeNs, added.Order, at);
        int hole = _count++;
        while (hole > 0 && (hole - 1) / Children is var parent && IsBefore(place, _heap[parent]))
        {
            _heap[hole] = _heap[parent];
            hole = parent;
        }

        _heap[hole] = place;
    }
}
