namespace Veche.Client.Transport;

/// <summary>Keeps repetitions to a part of the load, so that a cluster that is ill is not made worse by those who wait for it.</summary>
internal sealed class RetryBudget
{
    private readonly Lock _lock = new();
    private readonly double _most;
    private readonly double _perCall;
    private double _left;

    public RetryBudget(double most, double perCall)
    {
        _most = most;
        _perCall = perCall;
        _left = most;
    }

    public void Succeeded()
    {
        lock (_lock)
        {
            _left = Math.Min(_most, _left + _perCall);
        }
    }

    public bool TrySpend()
    {
        lock (_lock)
        {
            if (_left < 1)
            {
                return false;
            }

            _left--;
            return true;
        }
    }
}
