using Veche.Raft;

namespace Veche.Replica;

/// <summary>Appends to one follower that wait for entries to be read back from the log: the one the read is for, and those behind it, in their order.</summary>
internal sealed class AppendsBehindRead(LogRead read, AppendRequest reading)
{
    private readonly List<AppendRequest> _waiting = [];

    /// <summary>The read.</summary>
    public LogRead Read { get; } = read;

    /// <summary>What it is for. It is sent whatever comes after: a log slower than the protocol's patience must still bring the follower on.</summary>
    public AppendRequest Reading { get; } = reading;

    /// <summary>What follows it.</summary>
    public IReadOnlyList<AppendRequest> Waiting => _waiting;

    /// <summary>
    /// Adds the next. One that begins before the last one ends comes from a leader that has gone back, and makes what waits obsolete: without
    /// that, each rejection would leave a whole window here, and the follower be sent for ever what it has.
    /// </summary>
    public void Add(AppendRequest append)
    {
        if (_waiting.Count > 0 && append.Previous.Index < _waiting[^1].LastIndex)
        {
            _waiting.Clear();
        }

        _waiting.Add(append);
    }
}
