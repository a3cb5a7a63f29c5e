using Veche.Replica;

namespace Veche.Hosting;

/// <summary>
/// Runs a replica, one input at a time, on whichever thread brings an input while nobody else runs it. A thread that finds it
/// running leaves its input behind and goes on. So an idle member answers without a change of threads, and a busy one gathers
/// what arrives during a turn into the next.
/// </summary>
internal sealed class ReplicaLoop
{
    /// <summary>Turns one thread runs for others before it hands over to the pool; it usually has a request of its own to answer.</summary>
    private const int MaxTurnsInARow = 32;

    private readonly Lock _lock = new();
    private readonly Func<List<ReplicaInput>, List<Submission>, bool> _turn;
    private readonly Action _continue;
    private List<ReplicaInput> _inputs = [];
    private List<ReplicaInput> _spareInputs = [];
    private List<Submission> _submissions = [];
    private List<Submission> _spareSubmissions = [];
    private bool _running;
    private bool _wanted;
    private bool _stopped;

    /// <param name="turn">Takes what has gathered; false ends the loop for good.</param>
    public ReplicaLoop(Func<List<ReplicaInput>, List<Submission>, bool> turn)
    {
        _turn = turn;
        _continue = Run;
    }

    public void Post(ReplicaInput input)
    {
        lock (_lock)
        {
            _inputs.Add(input);
            if (_running || _stopped)
            {
                return;
            }

            _running = true;
        }

        Run();
    }

    public void Post(List<ReplicaInput> inputs)
    {
        lock (_lock)
        {
            _inputs.AddRange(inputs);
            if (_running || _stopped)
            {
                return;
            }

            _running = true;
        }

        Run();
    }

    public void Submit(in Submission submission)
    {
        lock (_lock)
        {
            _submissions.Add(submission);
            if (_running || _stopped)
            {
                return;
            }

            _running = true;
        }

        Run();
    }

    /// <summary>Runs a turn although there is no input: something outside the loop wants its attention.</summary>
    public void Wake()
    {
        lock (_lock)
        {
            _wanted = true;
            if (_running || _stopped)
            {
                return;
            }

            _running = true;
        }

        Run();
    }

    /// <summary>No turn begins after this returns; one that runs on another thread may still end.</summary>
    public void Stop()
    {
        lock (_lock)
        {
            _stopped = true;
        }
    }

    private void Run()
    {
        for (int turn = 0; turn < MaxTurnsInARow; turn++)
        {
            List<ReplicaInput> inputs;
            List<Submission> submissions;
            lock (_lock)
            {
                if (_stopped || (_inputs.Count == 0 && _submissions.Count == 0 && !_wanted))
                {
                    _running = false;
                    return;
                }

                _wanted = false;
                inputs = _inputs;
                _inputs = _spareInputs;
                submissions = _submissions;
                _submissions = _spareSubmissions;
            }

            bool goOn = _turn(inputs, submissions);
            inputs.Clear();
            submissions.Clear();
            _spareInputs = inputs;
            _spareSubmissions = submissions;
            if (!goOn)
            {
                Stop();
            }
        }

        ThreadPool.UnsafeQueueUserWorkItem(static loop => loop._continue(), this, preferLocal: false);
    }
}
