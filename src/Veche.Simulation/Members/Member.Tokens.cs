using Veche.Simulation.Clients;
using Veche.Store.Reading;

namespace Veche.Simulation.Members;

/// <summary>Reads that wait until this member has come as far as their token says.</summary>
internal sealed partial class Member
{
    private readonly List<Operation> _through = [];
    private RevisionBarrier<Operation> _barrier = new();

    private void ServeAfter(Operation operation)
    {
        if (RevisionBarrier<Operation>.Shows(operation.AfterRevision, 0, _store!.CurrentRevision, _store.AppliedIndex))
        {
            Serve(operation);
        }
        else
        {
            _world.Count("reads that waited for a token");
            _barrier.Add(operation.AfterRevision, 0, operation);
        }
    }

    /// <summary>The state has moved on.</summary>
    private void ServeThoseWithTokens()
    {
        if (_barrier.Count == 0)
        {
            return;
        }

        _barrier.Take(_store!.CurrentRevision, _store.AppliedIndex, _through);
        foreach (Operation operation in _through)
        {
            Serve(operation);
        }

        _through.Clear();
    }

    private void DropWaitingForTokens() => _barrier = new RevisionBarrier<Operation>();
}
