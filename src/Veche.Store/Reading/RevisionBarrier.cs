namespace Veche.Store.Reading;

/// <summary>
/// Those who wait until a state has come as far as they have seen it elsewhere (a causal token): each is let through once the revision and the
/// applied index are both there. Knows no clock: whoever runs it drops those whose time is up.
/// </summary>
/// <typeparam name="TWaiter">Who waits.</typeparam>
public sealed class RevisionBarrier<TWaiter>
{
    private readonly List<(long Revision, long Index, TWaiter Waiter)> _waiting = [];

    /// <summary>How many wait.</summary>
    public int Count => _waiting.Count;

    /// <summary>True when a state shows what is asked for.</summary>
    /// <param name="askedRevision">Revision that is asked for; 0 for none.</param>
    /// <param name="askedIndex">Applied index that is asked for; 0 for none.</param>
    /// <param name="revision">Revision of the state.</param>
    /// <param name="appliedIndex">What the state has applied.</param>
    public static bool Shows(long askedRevision, long askedIndex, long revision, long appliedIndex) => revision >= askedRevision && appliedIndex >= askedIndex;

    /// <summary>Somebody waits.</summary>
    public void Add(long revision, long index, TWaiter waiter) => _waiting.Add((revision, index, waiter));

    /// <summary>Takes out those who need not wait any longer, in the order they came.</summary>
    public void Take(long revision, long appliedIndex, List<TWaiter> into)
    {
        int kept = 0;
        for (int i = 0; i < _waiting.Count; i++)
        {
            (long askedRevision, long askedIndex, TWaiter waiter) = _waiting[i];
            if (Shows(askedRevision, askedIndex, revision, appliedIndex))
            {
                into.Add(waiter);
            }
            else
            {
                _waiting[kept++] = _waiting[i];
            }
        }

        _waiting.RemoveRange(kept, _waiting.Count - kept);
    }

    /// <summary>Somebody no longer waits.</summary>
    public void Drop(Predicate<TWaiter> who) => _waiting.RemoveAll(waiting => who(waiting.Waiter));
}
