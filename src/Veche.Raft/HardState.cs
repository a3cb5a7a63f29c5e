namespace Veche.Raft;

/// <summary>What must never be forgotten: one record, so that a vote can never outlive or precede its term (Raft §5.2).</summary>
/// <param name="Term">The highest term seen.</param>
/// <param name="Vote">Who got this member's vote in <paramref name="Term"/>, or nobody.</param>
public readonly record struct HardState(long Term, MemberId Vote);
