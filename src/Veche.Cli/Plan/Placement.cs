using Veche.Raft;

namespace Veche.Cli.Plan;

/// <summary>Where voters are, and how many decide. Pure counting: everything that is said about it follows from these numbers.</summary>
/// <param name="Zones">Voters by zone. Those without a zone are under the empty name, and are taken to fail one by one.</param>
/// <param name="Sizes">How many elect and how many commit.</param>
internal sealed record Placement(IReadOnlyDictionary<string, int> Zones, QuorumSizes Sizes)
{
    /// <summary>How many of the voters of each zone are witnesses. Default none.</summary>
    public IReadOnlyDictionary<string, int> Witnesses { get; init; } = new Dictionary<string, int>(StringComparer.Ordinal);

    public int AllWitnesses => Witnesses.Values.Sum();

    /// <summary>When so many are away as may be, and they are those with data: how many copies of a write there are that is committed then.</summary>
    public int FewestCopies => Commit - AllWitnesses;

    public int Voters => Zones.Values.Sum();

    public int Election => Sizes.ElectionOf(Voters);

    public int Commit => Sizes.CommitOf(Voters);

    /// <summary>So many voters may be away, whichever they are, and everything goes on: another leader is elected, and it commits.</summary>
    public int FailuresSurvived => Voters - Math.Max(Election, Commit);

    public IEnumerable<ZoneLoss> Losses => Zones.Where(static zone => zone.Key.Length > 0).OrderBy(static zone => zone.Key, StringComparer.Ordinal).Select(zone => new ZoneLoss(zone.Key, zone.Value, LossOf(zone.Key, zone.Value)));

    /// <summary>Zones that stop the cluster when they go alone.</summary>
    public IEnumerable<string> Fatal => Losses.Where(static loss => loss.Outcome != Outcome.GoesOn).Select(static loss => loss.Zone);

    /// <summary>What to think about, most serious first.</summary>
    public IEnumerable<string> Warnings
    {
        get
        {
            if (!Sizes.Fit(Voters, AllWitnesses, out string? reason))
            {
                yield return reason;
            }

            string[] fatal = [.. Fatal];
            if (fatal.Length > 0)
            {
                yield return Advise(fatal);
            }

            if (Voters % 2 == 0 && Sizes == QuorumSizes.Majority)
            {
                yield return Voters == 2
                    ? "2 voters survive no failure, as one does, and either of them stops both: use 1 or 3"
                    : $"{Voters} voters survive {FailuresSurvived} failure{Plural(FailuresSurvived)}, as {Voters - 1} do, and each write waits for one more: use {Voters - 1} or {Voters + 1}";
            }

            if (AllWitnesses > 0 && FewestCopies > 0)
            {
                yield return $"a write may be committed with {FewestCopies} cop{(FewestCopies == 1 ? "y" : "ies")} of its data and the vote{Plural(AllWitnesses)} of {AllWitnesses} witness{(AllWitnesses == 1 ? string.Empty : "es")}: {(FewestCopies == 1 ? "no disk with data" : $"no more than {FewestCopies - 1} disk{Plural(FewestCopies - 1)} with data")} may then be lost for good";
            }

            if (FailuresSurvived == 0)
            {
                yield return "not one voter may fail: every restart is an outage";
            }
        }
    }

    private Outcome LossOf(string zone, int members)
    {
        int left = Voters - members;
        bool isDataLeft = left > AllWitnesses - Witnesses.GetValueOrDefault(zone);
        return !isDataLeft ? Outcome.Stops
            : left >= Election && left >= Commit ? Outcome.GoesOn
            : left >= Commit ? Outcome.NoElections
            : Outcome.Stops;
    }

    private string Advise(string[] fatal)
    {
        int zones = Losses.Count();
        string which = $"{(fatal.Length == 1 ? "zone" : "each of the zones")} {string.Join(", ", fatal)} stops the cluster when it goes";
        return FailuresSurvived == 0 ? $"{which}: with {Voters} voter{Plural(Voters)}, any does"
            : zones < 3 ? $"{which}: with {zones} zone{Plural(zones)} one of them always does. Put voters into a third, if only one of them"
            : $"{which}: of {Voters} voters, no zone should have more than {FailuresSurvived}";
    }

    private static string Plural(int count) => count == 1 ? string.Empty : "s";
}

/// <summary>What is left of a cluster.</summary>
internal enum Outcome
{
    /// <summary>Another leader can be elected, and can commit.</summary>
    GoesOn,

    /// <summary>A leader that is there goes on; no other can be elected.</summary>
    NoElections,

    /// <summary>Nothing is committed any more.</summary>
    Stops,
}

/// <summary>A zone is gone.</summary>
/// <param name="Zone">Its name.</param>
/// <param name="Voters">How many go with it.</param>
/// <param name="Outcome">What is left.</param>
internal sealed record ZoneLoss(string Zone, int Voters, Outcome Outcome);
