using Veche.Hosting;
using Veche.Raft;
using Veche.Server.Integrity;
using Veche.Server.Membership;

namespace Veche.Server;

/// <summary>Questions of other members, to those who answer them; the first byte says what a question is about.</summary>
internal sealed class PeerCalls(LeaseKeeper leases, MembershipChanges membership, StateGuard guard) : ICallHandler
{
    /// <inheritdoc/>
    public ValueTask<ReadOnlyMemory<byte>> HandleAsync(MemberId from, ReadOnlyMemory<byte> request, CancellationToken cancellationToken) =>
        (request.IsEmpty ? default : request.Span[0]) switch
        {
            MembershipChanges.CallKind => membership.HandleAsync(request, cancellationToken),
            RoundTrips.CallKind => ValueTask.FromResult(ReadOnlyMemory<byte>.Empty),
            _ when guard.Reason is not null => throw new RefusedException(RefusalReason.Unreachable, "this member's state is not to be trusted"),
            _ => leases.HandleAsync(from, request, cancellationToken),
        };
}
