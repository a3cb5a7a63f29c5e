namespace Veche.Raft;

/// <summary>The appends sent to a follower and not answered yet, limited in number and in bytes.</summary>
internal sealed class Inflights(int maxMessages, int maxBytes)
{
    private readonly Queue<(long LastIndex, long Bytes)> _sent = new();
    private long _bytes;

    public int Count => _sent.Count;

    public bool IsFull => _sent.Count >= maxMessages || _bytes >= maxBytes;

    public void Add(long lastIndex, long bytes)
    {
        _sent.Enqueue((lastIndex, bytes));
        _bytes += bytes;
    }

    /// <summary>Answers come for a prefix: everything that ends at or before this index is done.</summary>
    public void FreeThrough(long index)
    {
        while (_sent.TryPeek(out (long LastIndex, long Bytes) first) && first.LastIndex <= index)
        {
            _sent.Dequeue();
            _bytes -= first.Bytes;
        }
    }

    public void Clear()
    {
        _sent.Clear();
        _bytes = 0;
    }

    public Inflights Fork()
    {
        var copy = new Inflights(maxMessages, maxBytes) { _bytes = _bytes };
        foreach ((long LastIndex, long Bytes) sent in _sent)
        {
            copy._sent.Enqueue(sent);
        }

        return copy;
    }

    public void Describe(StateWriter writer)
    {
        writer.Number(_sent.Count);
        foreach ((long lastIndex, long bytes) in _sent)
        {
            writer.Number(lastIndex);
            writer.Number(bytes);
        }
    }
}
