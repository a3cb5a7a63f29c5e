namespace Veche.Simulation.Clients;

/// <summary>What clients do.</summary>
public sealed record WorkloadPlan
{
    /// <summary>Number of keys, 1 to 200.</summary>
    public int Keys { get; init; } = 10;

    /// <summary>Mean time between a client's answer and its next operation, in microseconds.</summary>
    public long ThinkUs { get; init; } = 50_000;

    /// <summary>A client that has no answer after this goes on without one, in milliseconds.</summary>
    public int TimeoutMs { get; init; } = 2000;

    /// <summary>Weights of the kinds of operations, by <see cref="OperationKind"/>.</summary>
    public IReadOnlyList<int> Weights { get; init; } = [30, 5, 15, 5, 30, 5, 3, 1, 3, 4, 1, 1, 6, 1, 4, 6, 2];

    /// <summary>Time to live of leases, in seconds.</summary>
    public int LeaseTtlSeconds { get; init; } = 3;

    /// <summary>Probability that a client asks another member for its next operation.</summary>
    public double Wanders { get; init; } = 0.1;

    /// <summary>Share of the clients that write in a session, and repeat what was not answered.</summary>
    public double Sessions { get; init; }

    /// <summary>Probability that a read of a member's own state comes with a token: the client's own, or another's.</summary>
    public double Tokens { get; init; }

    /// <summary>Draws one.</summary>
    public static WorkloadPlan Draw(SimulationRandom random)
    {
        int[] weights = [30, 5, 15, 5, 30, 5, 3, 1, 3, 4, 1, 1, 6, 1, 4, 6, 2];
        for (int i = 0; i < weights.Length; i++)
        {
            weights[i] = random.Chance(0.15) ? 0 : weights[i] * random.Between(1, 4);
        }

        if (random.Chance(0.4))
        {
            // Without them, every key can be searched for an order that explains it.
            weights[(int)OperationKind.Transact] = weights[(int)OperationKind.DeleteMany] = weights[(int)OperationKind.PutOver] = 0;
        }

        weights[(int)OperationKind.Put] = Math.Max(5, weights[(int)OperationKind.Put]);
        weights[(int)OperationKind.Get] = Math.Max(5, weights[(int)OperationKind.Get]);
        return new WorkloadPlan
        {
            Keys = random.Chance(0.3) ? random.Between(1, 3) : random.Between(4, 40),
            ThinkUs = random.Between(1_000L, 200_000),
            TimeoutMs = random.Between(300, 5000),
            Weights = weights,
            LeaseTtlSeconds = random.Between(2, 6),
            Wanders = random.Fraction() * 0.5,
        };
    }

    /// <summary>Draws sessions and tokens, from luck of their own: what a seed does otherwise stays what it was.</summary>
    public WorkloadPlan WithSemantics(ulong seed)
    {
        var random = new SimulationRandom(seed ^ 0x5E55_1075);
        return this with { Sessions = random.Chance(0.3) ? random.Fraction() : 0, Tokens = random.Chance(0.5) ? random.Fraction() : 0 };
    }
}
