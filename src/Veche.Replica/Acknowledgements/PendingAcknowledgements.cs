using Veche.Raft;

namespace Veche.Replica;

/// <summary>An entry that is to be acknowledged by a rule.</summary>
/// <param name="Index">Where it is in the log.</param>
/// <param name="Origin">Whose it is.</param>
/// <param name="Sequence">Its proposer's number for it.</param>
internal readonly record struct PendingAcknowledgement(long Index, MemberId Origin, long Sequence);

/// <summary>
/// The entries of one leadership that wait for their rules, in the order of the log for each rule: what a rule has reached is one index, so looking
/// costs something for each rule that is in use and not for each entry. Ceases to mean anything when the leadership ends.
/// </summary>
internal sealed class PendingAcknowledgements(int maxCount)
{
    /// <summary>Rules without waiting entries that are kept for the next.</summary>
    private const int IdleRules = 16;

    private readonly List<(AckRule Rule, Queue<PendingAcknowledgement> Waiting)> _byRule = [];

    /// <summary>Entries that wait.</summary>
    public int Count { get; private set; }

    /// <summary>What the followers should be asked to say.</summary>
    public AppendReports Wanted
    {
        get
        {
            AppendReports wanted = AppendReports.None;
            foreach ((AckRule rule, Queue<PendingAcknowledgement> waiting) in _byRule)
            {
                if (waiting.Count > 0)
                {
                    wanted |= ReportsFor(rule);
                }
            }

            return wanted;
        }
    }

    /// <summary>What a rule needs to hear of followers that they do not say anyway.</summary>
    public static AppendReports ReportsFor(AckRule rule) => (rule.By, rule.Stage) switch
    {
        (AckBy.Leader, _) => AppendReports.None,
        (_, AckStage.Received) => AppendReports.Received,
        (_, AckStage.Applied) => AppendReports.Applied,
        _ => AppendReports.None,
    };

    /// <summary>Adds the next entry of the log. When there is no room, the oldest of the same rule is forgotten: whoever waits for it is told by the clock that it did not come so far.</summary>
    public void Add(AckRule rule, PendingAcknowledgement pending)
    {
        Queue<PendingAcknowledgement> waiting = WaitingFor(rule);
        if (Count == maxCount)
        {
            if (!waiting.TryDequeue(out _))
            {
                return;
            }

            Count--;
        }

        waiting.Enqueue(pending);
        Count++;
    }

    /// <summary>Takes out what has reached its rule.</summary>
    public void TakeReached(Func<AckRule, long> reachedIndex, List<PendingAcknowledgement> into)
    {
        foreach ((AckRule rule, Queue<PendingAcknowledgement> waiting) in _byRule)
        {
            if (waiting.Count == 0)
            {
                continue;
            }

            long reached = reachedIndex(rule);
            while (waiting.TryPeek(out PendingAcknowledgement first) && first.Index <= reached)
            {
                into.Add(waiting.Dequeue());
                Count--;
            }
        }
    }

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        _byRule.Clear();
        Count = 0;
    }

    private Queue<PendingAcknowledgement> WaitingFor(AckRule rule)
    {
        foreach ((AckRule known, Queue<PendingAcknowledgement> waiting) in _byRule)
        {
            if (known.Equals(rule))
            {
                return waiting;
            }
        }

        if (_byRule.Count >= IdleRules)
        {
            _byRule.RemoveAll(static known => known.Waiting.Count == 0);
        }

        var added = new Queue<PendingAcknowledgement>();
        _byRule.Add((rule, added));
        return added;
    }
}
