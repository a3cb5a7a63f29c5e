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

    public ProposalOutcome Outcome => new(IsApplied, IsAcknowledged, _result);

    private object? _result;

    public void Applied(object? result)
    {
        IsApplied = true;
        _result = result;
    }

    public void Acknowledged() => IsAcknowledged = true;
}
