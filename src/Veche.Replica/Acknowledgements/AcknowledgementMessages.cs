using Veche.Raft;

namespace Veche.Replica;

/// <summary>A leader tells whoever forwarded commands that they have reached the rules they came with.</summary>
/// <param name="Term">The leader's term.</param>
/// <param name="Commands">Their numbers, and where they are in the log.</param>
public sealed record AcknowledgedCommands(long Term, IReadOnlyList<(long Sequence, long Index)> Commands);

/// <summary>A follower tells how far it has applied, to a leader that asked.</summary>
/// <param name="Term">The follower's term.</param>
/// <param name="Index">Last index applied.</param>
public sealed record AppliedThrough(long Term, long Index);

/// <summary>A submission has reached its rule. It may still be lost when the rule is weaker than a commit.</summary>
/// <param name="Sequence">Which.</param>
/// <param name="Position">Where it is in the log.</param>
public readonly record struct AcknowledgedSubmission(long Sequence, LogPosition Position);
