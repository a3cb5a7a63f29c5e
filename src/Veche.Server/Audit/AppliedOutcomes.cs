using Veche.Store;

namespace Veche.Server.Audit;

/// <summary>What became of a command.</summary>
/// <param name="Revision">Of the keys, after it.</param>
/// <param name="Refused">Why it changed nothing; null when it was not refused.</param>
internal readonly record struct AppliedOutcome(long Revision, string? Refused);

/// <summary>What became of the latest commands, from the thread that applies them to the one that writes the trail. What it has forgotten is left out there.</summary>
internal sealed class AppliedOutcomes
{
    /// <summary>More than are applied between two looks of the writer.</summary>
    private const int Kept = 1 << 15;

    private readonly Lock _lock = new();
    private readonly (long Index, AppliedOutcome Outcome)[] _latest = new (long, AppliedOutcome)[Kept];

    public void Applied(long index, long revision, StoreError? refused)
    {
        lock (_lock)
        {
            _latest[index % Kept] = (index, new AppliedOutcome(revision, refused?.Message));
        }
    }

    public AppliedOutcome? Of(long index)
    {
        lock (_lock)
        {
            (long known, AppliedOutcome outcome) = _latest[index % Kept];
            return known == index ? outcome : null;
        }
    }
}
