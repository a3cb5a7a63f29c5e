using Veche.Store.Reading;

namespace Veche.Store.Tests;

public sealed class RevisionBarrierTests
{
    [Fact]
    public void Who_waits_is_let_through_once_revision_and_index_are_there_and_not_before()
    {
        var barrier = new RevisionBarrier<string>();
        barrier.Add(5, 0, "revision");
        barrier.Add(0, 9, "index");
        barrier.Add(6, 9, "both");
        Assert.Equal([], Through(barrier, 4, 8));
        Assert.Equal(["revision"], Through(barrier, 5, 8));
        Assert.Equal([], Through(barrier, 6, 8));
        Assert.Equal(["index", "both"], Through(barrier, 6, 9));
        Assert.Equal(0, barrier.Count);
    }

    [Fact]
    public void Who_is_dropped_is_not_let_through()
    {
        var barrier = new RevisionBarrier<string>();
        barrier.Add(5, 0, "a");
        barrier.Add(5, 0, "b");
        barrier.Drop(static waiter => waiter == "a");
        Assert.Equal(["b"], Through(barrier, 5, 5));
    }

    private static List<string> Through(RevisionBarrier<string> barrier, long revision, long appliedIndex)
    {
        List<string> through = [];
        barrier.Take(revision, appliedIndex, through);
        return through;
    }
}
