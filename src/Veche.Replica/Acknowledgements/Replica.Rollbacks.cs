using Veche.Raft;

namespace Veche.Replica;

/// <summary>What leaves the log without having been applied, said before it does.</summary>
public sealed partial class Replica
{
    private readonly SortedSet<long> _ledTerms = [];
    private long _lastWritten;

    /// <param name="write">About to be handed to the log.</param>
    /// <param name="committedBefore">What was known to be committed before the step that wrote it.</param>
    /// <param name="output">Gets the notice.</param>
    private void NoteRollback(LogWrite write, long committedBefore, ReplicaOutput output)
    {
        long firstLost = write.Reset is not null ? committedBefore + 1 : (write.KeepThrough ?? long.MaxValue - 1) + 1;
        if (firstLost <= _lastWritten)
        {
            output.Rollbacks.Add(new Rollback(write.WriteId, firstLost, _lastWritten, write.Reset?.Position)
            {
                Acknowledged = new SortedSet<long>(_owed.GetViewBetween(firstLost, _lastWritten)),
                LedTerms = new SortedSet<long>(_ledTerms),
            });
            _owed.GetViewBetween(firstLost, _lastWritten).Clear();
        }

        _lastWritten = _core.LastPosition.Index;
    }

    /// <summary>Remembers the terms that this process leads, until everything of them is committed or gone.</summary>
    private void NoteLeadership()
    {
        if (Leads)
        {
            _ledTerms.Add(_core.Term);
            long committedTerm = _core.TermAt(_core.CommitIndex);
            while (_ledTerms.Min < committedTerm)
            {
                _ledTerms.Remove(_ledTerms.Min);
            }
        }
    }
}
