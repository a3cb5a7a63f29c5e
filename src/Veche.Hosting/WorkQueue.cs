namespace Veche.Hosting;

/// <summary>A dedicated thread that takes all work that has gathered at once, so that it can be done as one.</summary>
internal sealed class WorkQueue<T> : IDisposable
{
    private readonly object _lock = new();
    private readonly Thread _thread;
    private readonly Action<List<T>> _work;
    private readonly Action<Exception> _failed;
    private List<T> _items = [];
    private List<T> _spare = [];
    private bool _waiting;
    private bool _stopping;

    public WorkQueue(string name, Action<List<T>> work, Action<Exception> failed)
    {
        _work = work;
        _failed = failed;
        _thread = new Thread(Run) { Name = name, IsBackground = true };
        _thread.Start();
    }

    public void Post(T item)
    {
        lock (_lock)
        {
            _items.Add(item);
            if (_waiting)
            {
                _waiting = false;
                Monitor.Pulse(_lock);
            }
        }
    }

    /// <summary>Lets the thread finish what it has begun, drops the rest, and waits for it.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _stopping = true;
            Monitor.PulseAll(_lock);
        }

        if (Environment.CurrentManagedThreadId != _thread.ManagedThreadId)
        {
            _thread.Join();
        }
    }

    private void Run()
    {
        try
        {
            while (true)
            {
                List<T> taken;
                lock (_lock)
                {
                    while (_items.Count == 0 && !_stopping)
                    {
                        _waiting = true;
                        Monitor.Wait(_lock);
                    }

                    if (_stopping)
                    {
                        return;
                    }

                    taken = _items;
                    _items = _spare;
                }

                _work(taken);
                taken.Clear();
                _spare = taken;
            }
        }
#pragma warning disable CA1031 // Whatever ends this thread ends the member: the host decides what to say.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            _failed(exception);
        }
    }
}
