namespace Veche.Raft;

/// <summary>
/// A member that lost its log to a damaged disk, but not its term and vote (protocol-aware recovery, Alagappan et al., FAST 2018). Its acknowledgements
/// are as good as anybody's, for it holds what it acknowledges now. Its vote is not: it might help to elect who lacks an entry that was committed
/// because it once held it.
/// </summary>
public sealed partial class RaftCore
{
    private long? _lostThroughTerm;

    /// <summary>True while it keeps out of elections, because it may lack what it had acknowledged.</summary>
    public bool IsRecovering => _lostThroughTerm is not null;

    /// <summary>
    /// Whoever leads a later term was elected without this member's word since the loss, so by members that together held everything that was ever
    /// committed with its help; all of it stands before the first entry of that leader. That the entry is committed is not needed.
    /// </summary>
    private void EndRecovery()
    {
        if (_lostThroughTerm is { } lost && _trail.TryTermAt(PersistedIndex, out long term) && term > lost)
        {
            _lostThroughTerm = null;
            _out.Recovered = true;
        }
    }
}
