using Veche.Raft;

namespace Veche.Log;

/// <summary>Where each entry of the log is, from the base to the end.</summary>
internal sealed class LogIndex(LogPosition start)
{
    private readonly List<RecordLocation> _locations = [];

    public LogPosition Base { get; private set; } = start;

    public LogPosition Last => _locations.Count == 0 ? Base : new LogPosition(Base.Index + _locations.Count, _locations[^1].Term);

    public void Append(in RecordLocation location) => _locations.Add(location);

    public void KeepThrough(long index)
    {
        int kept = (int)(index - Base.Index);
        _locations.RemoveRange(kept, _locations.Count - kept);
    }

    public void Reset(LogPosition start)
    {
        _locations.Clear();
        Base = start;
    }

    public void Compact(LogPosition through)
    {
        _locations.RemoveRange(0, (int)(through.Index - Base.Index));
        Base = through;
    }

    public LogPosition? PositionAt(long index) =>
        index == Base.Index ? Base
        : index > Base.Index && index <= Last.Index ? new LogPosition(index, _locations[(int)(index - Base.Index - 1)].Term)
        : null;

    /// <summary>True when no entry is in this file or an older one: later entries are never in older files.</summary>
    public bool IsFreeOf(Segment segment) => _locations.Count == 0 || _locations[0].Segment.Sequence > segment.Sequence;

    public RecordLocation this[long index] => _locations[(int)(index - Base.Index - 1)];
}
