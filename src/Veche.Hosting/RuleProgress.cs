using Veche.Replica;

namespace Veche.Hosting;

/// <summary>What a waiter with terms of its own has seen so far. Guarded by the table of waiters.</summary>
internal sealed class RuleProgress(ProposalTerms terms)
{
    public AckRule? Rule => terms.Rule;

    /// <summary>Its proposer has been answered already; it is here so that it is proposed again when it was refused, and counted when it is lost.</summary>
    public bool IsUnattended => terms is { AwaitsResult: false, Rule: null };

    public bool IsApplied { get; private set; }

    public bool IsAcknowledged { get; private set; }

    /// <summary>Being applied here is more than any rule that does not wait for it: a command that is committed first needs no word from the leader.</summary>
    public bool IsDone => terms.AwaitsResult ? IsApplied && (terms.Rule is null || IsAcknowledged) : IsApplied || IsAcknowledged;

    public ProposalOutcome Outcome => new(IsApplied, IsAcknowledged, _result) { Index = _index, IsCopied = IsApplied && _index <= _copiedIndex };

    private object? _result;
    private long _index;
    private long _copiedIndex;

    public void Applied(object? result, long index, long copiedIndex)
    {
        IsApplied = true;
        _result = result;
        _index = index;
        _copiedIndex = copiedIndex;
    }

    public void Acknowledged() => IsAcknowledged = true;
}
