namespace Veche.Raft;

/// <summary>
/// Something happened that the protocol proves impossible while disks keep what they were told to keep and members follow the rules.
/// The member must stop: going on could lose or split what was acknowledged.
/// </summary>
public sealed class InvariantBrokenException(string message) : InvalidOperationException(message);
