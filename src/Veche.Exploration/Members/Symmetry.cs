using Veche.Raft;

namespace Veche.Exploration.Members;

/// <summary>The ways in which members can change names without anybody's noticing. The first changes nothing.</summary>
internal sealed class Symmetry
{
    private readonly MemberId[][] _names;

    /// <param name="members">How many members there are.</param>
    /// <param name="changeable">Places of those that are alike. The others are named by the scenario.</param>
    public Symmetry(int members, IReadOnlyList<int> changeable)
    {
        var names = new List<MemberId[]>();
        foreach (int[] order in Orders([.. changeable]))
        {
            MemberId[] renamed = [.. Enumerable.Range(0, members).Select(Scenario.IdOf)];
            for (int i = 0; i < order.Length; i++)
            {
                renamed[changeable[i]] = Scenario.IdOf(order[i]);
            }

            names.Add(renamed);
        }

        _names = [.. names];
    }

    public int Count => _names.Length;

    public Func<MemberId, MemberId> Renaming(int number)
    {
        MemberId[] names = _names[number];
        return member => names[member.Value - 1];
    }

    private static IEnumerable<int[]> Orders(int[] places)
    {
        if (places.Length <= 1)
        {
            return [places];
        }

        return places.SelectMany((first, at) => Orders([.. places.Where((_, i) => i != at)]).Select(rest => (int[])[first, .. rest]));
    }
}
