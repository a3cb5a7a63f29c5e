using Google.Protobuf;
using Veche.Api.Commands;

namespace Veche.Store.Integrity;

/// <summary>What a member learns from the hashes of a round.</summary>
public enum StateVerdict
{
    /// <summary>A majority of the voters has the same state at this place, and this member too.</summary>
    Agrees,

    /// <summary>A majority of the voters has the same state, and this member another one: it is ill.</summary>
    Differs,

    /// <summary>States differ and none has a majority: somebody is ill, and nobody can tell who.</summary>
    Undecided,
}

/// <summary>A verdict.</summary>
/// <param name="Index">Where the check is in the log.</param>
/// <param name="From">The first key that was looked at, as the check had it.</param>
/// <param name="Verdict">What came of it.</param>
/// <param name="Reason">In words.</param>
public sealed record StateFinding(long Index, ByteString From, StateVerdict Verdict, string Reason);

/// <summary>
/// Counts the hashes of members' states. Only hashes of the same place in the log are compared, only of the same format, and only a majority of all voters decides: so the odd one
/// out is known to be ill even when it leads, and a single member that differs never makes two that agree doubt themselves. Nothing of it is state: every member counts for itself what
/// comes by in the log, and what it missed while it was down is asked again by a later check.
/// </summary>
/// <param name="self">Who counts.</param>
/// <param name="state">Which of this member's states its reports are of (see <see cref="Renew"/>).</param>
public sealed class StateVote(ulong self, ulong state)
{
    /// <summary>Checks that are counted at once. A report of an older one comes too late to say anything; the next check will.</summary>
    public const int RoundsKept = 32;

    private readonly SortedDictionary<long, Round> _rounds = [];
    private readonly System.Threading.Lock _lock = new();
    private ulong _state = state;
    private long _decided;

    /// <summary>Where the next check should begin: behind the last one that was decided, so that what is in doubt is looked at again.</summary>
    public ByteString Next { get; private set; } = ByteString.Empty;

    /// <summary>This member has another state now: what it said of the one before no longer counts, be it heard already or still to come by in the log.</summary>
    /// <param name="state">Differs from every number before, across restarts.</param>
    public void Renew(ulong state)
    {
        lock (_lock)
        {
            _state = state;
            foreach ((_, Round round) in _rounds)
            {
                round.Reports.Remove(self);
            }
        }
    }

    /// <summary>A check has come by. What it leaves behind undecided stays so unless late reports change it; returns those that now count as undecided.</summary>
    public IReadOnlyList<StateFinding> Opened(long index, ByteString from)
    {
        lock (_lock)
        {
            return Open(index, from);
        }
    }

    /// <summary>A report has come by. Returns what this member learns from it, or null.</summary>
    /// <param name="report">What a member has found.</param>
    /// <param name="voters">Whose majority decides.</param>
    public StateFinding? Reported(StateHash.Types.Report report, IReadOnlyCollection<ulong> voters)
    {
        lock (_lock)
        {
            return report.Member == self && report.State != _state ? null : Count(report, voters);
        }
    }

    private List<StateFinding> Open(long index, ByteString from)
    {
        List<StateFinding> findings = [];
        foreach ((_, Round round) in _rounds)
        {
            if (!round.IsTold && round.Differ is { } reason)
            {
                round.IsTold = true;
                findings.Add(new StateFinding(round.Index, round.From, StateVerdict.Undecided, reason));
            }
        }

        _rounds[index] = new Round(index, from);
        while (_rounds.Count > RoundsKept)
        {
            _rounds.Remove(_rounds.Keys.First());
        }

        return findings;
    }

    private StateFinding? Count(StateHash.Types.Report report, IReadOnlyCollection<ulong> voters)
    {
        if (!_rounds.TryGetValue(report.Index, out Round? round))
        {
            return null;
        }

        round.Reports[report.Member] = report;
        int needed = (voters.Count / 2) + 1;
        List<StateHash.Types.Report> counted = [.. round.Reports.Values.Where(each => voters.Contains(each.Member))];
        StateHash.Types.Report? stored = Majority(counted, needed, static each => (each.Format, each.Stored, each.Next));

        // Who does not know all changes since the check before has nothing to say about them.
        StateHash.Types.Report? applied = Majority([.. counted.Where(static each => each.AppliedSince != 0)], needed, static each => (each.Format, each.Applied, each.AppliedSince));
        round.Differ = Differ(counted, stored, applied);
        if (stored is null)
        {
            return round.Differ is { } all && !round.IsTold && counted.Count == voters.Count ? Tell(round, StateVerdict.Undecided, all) : null;
        }

        if (report.Index > _decided)
        {
            _decided = report.Index;
            Next = stored.Next;
        }

        if (!round.Reports.TryGetValue(self, out StateHash.Types.Report? mine))
        {
            return null;
        }

        if (mine.Format == stored.Format && (mine.Stored != stored.Stored || mine.Next != stored.Next))
        {
            return Tell(round, StateVerdict.Differs, $"what it has stored is not what a majority had at index {report.Index}: hash {mine.Stored:x16} instead of {stored.Stored:x16}");
        }

        if (applied is not null && mine.AppliedSince == applied.AppliedSince && mine.Format == applied.Format && mine.Applied != applied.Applied)
        {
            return Tell(round, StateVerdict.Differs, $"what it has done from index {applied.AppliedSince} to {report.Index} is not what a majority did: hash {mine.Applied:x16} instead of {applied.Applied:x16}");
        }

        return round.Differ is null ? new StateFinding(round.Index, round.From, StateVerdict.Agrees, string.Empty) : null;
    }

    private static StateFinding Tell(Round round, StateVerdict verdict, string reason)
    {
        round.IsTold |= verdict == StateVerdict.Undecided;
        return new StateFinding(round.Index, round.From, verdict, reason);
    }

    /// <summary>Says what differs without a majority for either; null when nothing does.</summary>
    private static string? Differ(List<StateHash.Types.Report> reports, StateHash.Types.Report? stored, StateHash.Types.Report? applied) =>
        stored is null && reports.GroupBy(static each => each.Format).Any(static format => format.Select(static each => (each.Stored, each.Next)).Distinct().Count() > 1)
            ? $"members have different data at index {reports[0].Index}, and none of it is a majority's ({Describe(reports)})"
        : applied is null && reports.Where(static each => each.AppliedSince != 0).GroupBy(static each => (each.Format, each.AppliedSince)).Any(static since => since.Select(static each => each.Applied).Distinct().Count() > 1)
            ? $"members have done different things before index {reports[0].Index}, and none of it is a majority's ({Describe(reports)})"
        : null;

    private static string Describe(List<StateHash.Types.Report> reports) =>
        string.Join(", ", reports.Select(static each => $"member {each.Member:x}: {each.Stored:x16} {each.Applied:x16}"));

    private static StateHash.Types.Report? Majority<T>(List<StateHash.Types.Report> reports, int needed, Func<StateHash.Types.Report, T> of)
        where T : notnull =>
        reports.GroupBy(of).FirstOrDefault(group => group.Count() >= needed)?.First();

    private sealed class Round(long index, ByteString from)
    {
        public long Index => index;

        public ByteString From => from;

        /// <summary>By member.</summary>
        public SortedDictionary<ulong, StateHash.Types.Report> Reports { get; } = [];

        /// <summary>What differs without a majority, so far.</summary>
        public string? Differ { get; set; }

        /// <summary>That it is undecided has been said.</summary>
        public bool IsTold { get; set; }
    }
}
