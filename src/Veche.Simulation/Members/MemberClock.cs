namespace Veche.Simulation.Members;

/// <summary>The clock of a member: runs a little faster or slower than the world's, and may jump ahead.</summary>
internal sealed class MemberClock
{
    private long _trueBaseNs;
    private long _localBaseNs;
    private long _ratePpm;

    public MemberClock(long localBaseNs, long ratePpm)
    {
        _localBaseNs = localBaseNs;
        _ratePpm = ratePpm;
    }

    /// <summary>How much faster than the world's, in parts per million.</summary>
    public long RatePpm => _ratePpm;

    public long Local(long trueNs)
    {
        long passed = trueNs - _trueBaseNs;
        return _localBaseNs + passed + (passed / 1000 * _ratePpm / 1000);
    }

    /// <summary>The first moment of the world at which this clock shows at least that.</summary>
    public long True(long localNs)
    {
        long passed = localNs - _localBaseNs;
        long guess = _trueBaseNs + (long)(passed / (1 + (_ratePpm / 1e6)));
        return guess + 2000;
    }

    public void SetRate(long trueNs, long ratePpm)
    {
        _localBaseNs = Local(trueNs);
        _trueBaseNs = trueNs;
        _ratePpm = ratePpm;
    }

    /// <summary>Jumps ahead, as after a machine was suspended.</summary>
    public void Jump(long byNs) => _localBaseNs += byNs;
}
