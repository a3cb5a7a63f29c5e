using Veche.Raft;
using static Veche.Log.Tests.LogHarness;

namespace Veche.Log.Tests;

/// <summary>What a log should hold, as a plain list, with the states after each write that was not synced yet.</summary>
internal sealed class LogModel
{
    private readonly List<State> _unsynced = [];
    private State _synced = new(LogPosition.Zero, default, []);
    private State _now = new(LogPosition.Zero, default, []);

    private sealed record State(LogPosition Base, HardState HardState, List<Entry> Entries);

    public LogPosition Base => _now.Base;

    public long Last => _now.Base.Index + _now.Entries.Count;

    public LogPosition PositionAt(long index) => index == _now.Base.Index ? _now.Base : _now.Entries[(int)(index - _now.Base.Index - 1)].Position;

    public LogWrite MakeWrite(long writeId, int size, int random)
    {
        long term = Math.Max(_now.HardState.Term, 1) + (random % 3 == 0 ? 1 : 0);
        if (random % 17 == 0)
        {
            var point = new SnapshotPoint(new LogPosition(Last + 5, term), Members);
            return new LogWrite { WriteId = writeId, Reset = point, HardState = new HardState(term, default) };
        }

        long? keep = random % 5 == 0 && Last > Base.Index ? Base.Index + (random % (Last - Base.Index + 1)) : null;
        long first = (keep ?? Last) + 1;
        int count = random % 4;
        return new LogWrite
        {
            WriteId = writeId,
            HardState = random % 2 == 0 || term > _now.HardState.Term ? new HardState(term, new MemberId((ulong)(random % 3))) : null,
            KeepThrough = keep,
            Entries = [.. Enumerable.Range(0, count).Select(i => new Entry(first + i, term, EntryKind.Command, Payload(first + i, term, size)))],
        };
    }

    public void Write(LogWrite write)
    {
        List<Entry> entries = [.. _now.Entries];
        LogPosition start = _now.Base;
        if (write.Reset is { } reset)
        {
            entries.Clear();
            start = reset.Position;
        }

        if (write.KeepThrough is { } keep)
        {
            entries.RemoveRange((int)(keep - start.Index), entries.Count - (int)(keep - start.Index));
        }

        entries.AddRange(write.Entries);
        _now = new State(start, write.HardState ?? _now.HardState, entries);
        _unsynced.Add(_now);
    }

    public void Sync()
    {
        _unsynced.Clear();
        _synced = _now;
    }

    public void Compact(LogPosition through)
    {
        _now = _now with { Base = through, Entries = [.. _now.Entries.Skip((int)(through.Index - _now.Base.Index))] };
        Sync();
    }

    /// <summary>What was recovered must be the synced state, or that with some of the later writes, whole and in order.</summary>
    public void Recover(LogRecovery recovered, List<Entry> entries)
    {
        State? match = _unsynced.Prepend(_synced).FirstOrDefault(state => IsSame(state, recovered, entries));
        Assert.True(match is not null, $"recovered {recovered.Log.Base}..{recovered.Log.Last}, expected one of {string.Join(", ", _unsynced.Select(static state => $"{state.Base}+{state.Entries.Count}"))}");
        _now = match;
        Sync();
    }

    private static bool IsSame(State state, LogRecovery recovered, List<Entry> entries) =>
        state.Base == recovered.Log.Base && state.HardState == recovered.Start.HardState && state.Entries.Count == entries.Count
        && state.Entries.Zip(entries).All(static pair => pair.First.Position == pair.Second.Position && pair.First.Data.Span.SequenceEqual(pair.Second.Data.Span))
        && recovered.Start.Entries.Count == entries.Count;
}
