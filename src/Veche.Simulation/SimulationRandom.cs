using System.Numerics;

namespace Veche.Simulation;

/// <summary>The only source of chance in a world: xoshiro256**, with draws that give the same numbers on every machine.</summary>
public sealed class SimulationRandom
{
    private ulong _s0;
    private ulong _s1;
    private ulong _s2;
    private ulong _s3;

    /// <summary>Begins a sequence.</summary>
    /// <param name="seed">Any number.</param>
    public SimulationRandom(ulong seed)
    {
        // SplitMix64 spreads the seed over the state, so that neighbouring seeds share nothing.
        _s0 = Split(ref seed);
        _s1 = Split(ref seed);
        _s2 = Split(ref seed);
        _s3 = Split(ref seed);
    }

    /// <summary>64 random bits.</summary>
    public ulong Next()
    {
        ulong result = BitOperations.RotateLeft(_s1 * 5, 7) * 9;
        ulong t = _s1 << 17;
        _s2 ^= _s0;
        _s3 ^= _s1;
        _s1 ^= _s2;
        _s0 ^= _s3;
        _s2 ^= t;
        _s3 = BitOperations.RotateLeft(_s3, 45);
        return result;
    }

    /// <summary>A generator of its own, so that one part of the world draws without moving the others.</summary>
    public SimulationRandom Fork() => new(Next());

    /// <summary>A number from 0 to <paramref name="bound"/> - 1.</summary>
    public long Below(long bound) => (long)Math.BigMul(Next(), (ulong)bound, out _);

    /// <summary>A number from 0 to <paramref name="bound"/> - 1.</summary>
    public int Below(int bound) => (int)Below((long)bound);

    /// <summary>A number from <paramref name="least"/> to <paramref name="most"/>, both included.</summary>
    public long Between(long least, long most) => least + Below(most - least + 1);

    /// <summary>A number from <paramref name="least"/> to <paramref name="most"/>, both included.</summary>
    public int Between(int least, int most) => least + Below(most - least + 1);

    /// <summary>From 0 to 1, without 1.</summary>
    public double Fraction() => (Next() >> 11) * (1.0 / (1UL << 53));

    /// <summary>True with this probability.</summary>
    public bool Chance(double probability) => probability > 0 && Fraction() < probability;

    /// <summary>
    /// Exponentially distributed with this mean, at most twenty times as much. Computed from the bits of the draw alone, because
    /// logarithms differ in their last digit from machine to machine.
    /// </summary>
    public long Exponential(long mean)
    {
        ulong bits = Next() | 1;
        int zeros = BitOperations.LeadingZeroCount(bits);

        // -log2 of the draw: whole part from the position of its first bit, the rest linear in those that follow.
        double mantissa = ((bits << zeros << 1) >> 11) * (1.0 / (1UL << 53));
        double halvings = Math.Min(28.8, zeros + 1 - mantissa);
        return (long)(halvings * 0.6931471805599453 * mean);
    }

    /// <summary>One of these.</summary>
    public T Pick<T>(IReadOnlyList<T> from) => from[Below(from.Count)];

    /// <summary>Puts a list in random order.</summary>
    public void Shuffle<T>(IList<T> list)
    {
        for (int i = list.Count - 1; i > 0; i--)
        {
            int other = Below(i + 1);
            (list[i], list[other]) = (list[other], list[i]);
        }
    }

    private static ulong Split(ref ulong state)
    {
        ulong z = state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
