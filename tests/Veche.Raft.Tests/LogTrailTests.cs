using CsCheck;

namespace Veche.Raft.Tests;

/// <summary>The trail against a plain list.</summary>
public sealed class LogTrailTests
{
    [Fact]
    public void Behaves_like_a_list()
    {
        Gen.Select(Gen.Int[0, 3], Gen.Int[0, 20], Gen.Int[1, 50]).Array[1, 80].Sample(operations =>
        {
            var trail = new LogTrail(new SnapshotPoint(LogPosition.Zero, Configuration.Empty));
            List<(long Term, int Size)> list = [];
            long start = 0;
            long startTerm = 0;
            long term = 1;
            foreach ((int operation, int argument, int size) in operations)
            {
                switch (operation)
                {
                    case 0:
                        term += argument % 3;
                        trail.Append(term, size, null);
                        list.Add((term, size));
                        break;
                    case 1:
                        trail.Append(term, size, null);
                        list.Add((term, size));
                        break;
                    case 2:
                        int keep = Math.Min(argument, list.Count);
                        trail.KeepThrough(start + keep);
                        list.RemoveRange(keep, list.Count - keep);
                        break;
                    default:
                        int drop = Math.Min(argument / 4, list.Count);
                        startTerm = drop > 0 ? list[drop - 1].Term : startTerm;
                        trail.Compact(start + drop);
                        list.RemoveRange(0, drop);
                        start += drop;
                        break;
                }

                Assert.Equal(new LogPosition(start, startTerm), trail.Base);
                Assert.Equal(start + list.Count, trail.Last.Index);
                for (int i = 0; i < list.Count; i++)
                {
                    Assert.Equal(list[i].Term, trail.TermAt(start + i + 1));
                }

                Assert.Equal(list.Sum(static item => (long)item.Size), trail.BytesBetween(start, start + list.Count));
                Assert.False(trail.TryTermAt(start - 1, out _));
                Assert.False(trail.TryTermAt(start + list.Count + 1, out _));
                long naive = start;
                for (int i = 0; i < list.Count && i < 7; i++)
                {
                    naive = list[i].Term <= term - 1 ? start + i + 1 : naive;
                }

                Assert.Equal(naive, trail.FurthestThatMayMatch(new LogPosition(start + 7, term - 1)).Index);
                long within = start;
                long bytes = 0;
                for (int i = 0; i < list.Count && i < 5 && (i == 0 || bytes + list[i].Size <= 60); i++)
                {
                    bytes += list[i].Size;
                    within++;
                }

                Assert.Equal(within, trail.LastWithin(start + 1, 60, 5));
            }
        });
    }
}
