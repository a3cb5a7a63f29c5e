namespace Veche.Replica;

/// <summary>Whether a member's state may be shown.</summary>
public enum StateTrust
{
    /// <summary>It may.</summary>
    Trusted = 0,

    /// <summary>It is damaged or differs from the others': nothing is applied to it any more, and another member is asked for its own.</summary>
    Reseeding = 1,

    /// <summary>It came from another member and goes on from there; whether it is right is still to be found out.</summary>
    Verifying = 2,
}

/// <summary>A member whose state is not to be trusted asks another one for its state. Answered with a snapshot of term 0.</summary>
/// <param name="AtLeast">The state must stand at this index or later: what comes before is gone from the asking member's log.</param>
public sealed record StateWanted(long AtLeast);
