using Veche.Checking.Revisions;

namespace Veche.Checking.Tests.Rules;

public sealed class RevisionAllocationTests
{
    /// <summary>Three orders of the operations (by state, call and return), each of a number and a key: 36 bytes.</summary>
    private const int MostBytesForEachOperation = 40;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_long_history_is_judged_without_an_object_for_each_operation(bool isInOrder)
    {
        // Time wobbles on a busy machine, bytes do not: what is a million operations a second stays so only without work for the collector.
        const int Count = 100_000;

        RevisionOperation[] operations = History(Count);
        if (!isInOrder)
        {
            new Random(5).Shuffle(operations);
        }

        RevisionChecker.Check(operations.AsSpan(0, 100), new Counting());
        long before = GC.GetAllocatedBytesForCurrentThread();
        CheckReport report = RevisionChecker.Check(operations, new Counting());
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.Equal(Verdict.Valid, report.Verdict);
        Assert.InRange(allocated, 1, (long)MostBytesForEachOperation * Count);
    }

    private static RevisionOperation[] History(int count)
    {
        var operations = new RevisionOperation[count];
        long revision = 1;
        for (int i = 0; i < count; i++)
        {
            bool isWrite = i % 2 == 0;
            revision += isWrite ? 1 : 0;
            operations[i] = new RevisionOperation { Call = i, Return = i + 50, Kind = isWrite ? RevisionOperationKind.Write : RevisionOperationKind.Read, Revision = revision, Process = i % 50 };
        }

        return operations;
    }

    /// <summary>Only order and time are judged; what is in the states would be its owner's to pay for.</summary>
    private struct Counting : IRevisionModel
    {
        private long _writes;

        public bool TryWrite(int operation, bool isResponseKnown) => ++_writes > 0;

        public readonly bool Matches(int operation) => _writes >= 0;

        public readonly string Describe(int operation) => $"operation {operation}";
    }
}
