using Veche.Checking.Linearizability;

namespace Veche.Checking.Tests.Linearizability;

public sealed class PlacedSetTests
{
    [Fact]
    public void Words_tell_the_set_and_nothing_else()
    {
        // However a set came about, by whatever steps back, it is told by the same words; and another set by others.
        var random = new Random(8);
        Interval[] intervals = [.. Enumerable.Range(0, 300).Select(static i => new Interval(i, i % 7 == 0 ? Interval.Open : 10_000 + i))];
        var timeline = new Timeline(intervals);
        var walked = new PlacedSet(timeline, intervals.Length);
        Stack<(int Operation, (int First, int End) Bounds)> path = [];
        Dictionary<string, string> setOfWords = [];
        for (int step = 0; step < 4_000; step++)
        {
            // Mostly in order, so that whole words fill and empty again.
            int operation = Enumerable.Range(0, intervals.Length).Where(i => !walked.Contains(i)).Skip(random.Next(3)).FirstOrDefault(-1);
            if (operation >= 0 && random.Next(100) < (step / 400 % 2 == 0 ? 70 : 30))
            {
                path.Push((operation, walked.Bounds));
                walked.Add(operation);
            }
            else if (path.TryPop(out (int Operation, (int First, int End) Bounds) last))
            {
                walked.Remove(last.Operation, last.Bounds);
            }

            var straight = new PlacedSet(timeline, intervals.Length);
            foreach ((int placed, _) in path.OrderBy(static one => one.Operation))
            {
                straight.Add(placed);
            }

            Assert.Equal(Words(straight), Words(walked));
            Assert.Equal(straight.Hash, walked.Hash);
            string set = string.Join(',', path.Select(static one => one.Operation).Order());
            Assert.Equal(set, setOfWords.TryAdd(Words(walked), set) ? set : setOfWords[Words(walked)]);
        }

        Assert.True(setOfWords.Count > 1_000);
    }

    private static string Words(PlacedSet set)
    {
        ulong[] words = new ulong[set.WordCount];
        set.CopyTo(words);
        return string.Join(' ', words);
    }
}
