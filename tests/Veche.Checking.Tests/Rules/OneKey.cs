using Veche.Checking.Linearizability;
using Veche.Checking.Revisions;

namespace Veche.Checking.Tests.Rules;

/// <summary>An operation on one key, with what was put or read.</summary>
internal sealed record Timed(RevisionOperation Operation, string Value);

/// <summary>One key, for the revision path.</summary>
internal sealed class OneKey(IReadOnlyList<Timed> operations) : IRevisionModel
{
    private string _value = string.Empty;

    public bool TryWrite(int operation, bool isResponseKnown)
    {
        _value = operations[operation].Value;
        return true;
    }

    public bool Matches(int operation) => operations[operation].Value == _value;

    public string Describe(int operation) => $"{operations[operation].Operation.Kind} {operations[operation].Value}";
}

/// <summary>The same key for the search: its state is the value and the revision, and both are compared.</summary>
internal sealed class SearchModel : SequentialModel<(long Revision, string Value), Timed, Timed>
{
    public override (long Revision, string Value) Initial => (1, string.Empty);

    public static TimedOperation<Timed, Timed> Of(Timed timed) => new(new Interval(timed.Operation.Call, timed.Operation.Return), timed, timed);

    public override bool TryStep((long Revision, string Value) state, Timed input, Timed? output, bool isOutputKnown, out (long Revision, string Value) next)
    {
        bool isWrite = input.Operation.Kind == RevisionOperationKind.Write;
        next = isWrite ? (state.Revision + 1, input.Value) : state;
        return next.Revision == input.Operation.Revision && next.Value == input.Value;
    }

    public override bool IsReadOnly(Timed input) => input.Operation.Kind != RevisionOperationKind.Write;
}
