namespace Veche.Simulation.Members;

/// <summary>What one member asks another outside the log: to keep a lease alive.</summary>
/// <param name="From">Number of the member that asks.</param>
/// <param name="Lease">The lease.</param>
/// <param name="Operation">The client's operation that waits for it.</param>
internal sealed record CallMessage(int From, long Lease, Clients.Operation Operation);

/// <summary>The answer.</summary>
/// <param name="Ttl">Time to live in seconds; 0 when there is no such lease; null when the member asked does not lead.</param>
/// <param name="Operation">The operation that waits for it.</param>
/// <param name="Denied">Why the caller may not; null when it may.</param>
internal sealed record CallAnswer(long? Ttl, Clients.Operation Operation, string? Denied = null);
