using Veche.Api;
using Veche.Api.Commands;
using Veche.Server.Tests.Auth;
using LeaseCheckpoint = Veche.Api.Commands.LeaseCheckpoint;

namespace Veche.Server.Tests.Leases;

public sealed class LeaseKeeperTests : IDisposable
{
    private const long Lease = 7;
    private readonly LaggingMember _member = new();

    public void Dispose() => _member.Dispose();

    /// <summary>A follower may have answered the grant before the leader has applied it.</summary>
    [Fact]
    public async Task A_lease_that_is_granted_and_not_yet_here_is_kept_alive()
    {
        _member.AcknowledgeCommand(Grant());
        Assert.Equal(LaggingMember.TtlSeconds, await _member.KeepAliveAsync(Lease));
    }

    /// <summary>A stream has many leases, and to make sure of the leader takes its time where there is much to do.</summary>
    [Fact]
    public async Task Leases_of_one_stream_do_not_wait_for_each_other_and_are_answered_in_order()
    {
        _member.Apply(Grant());
        _member.HeldBarriers = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task<List<LeaseKeepAliveResponse>> keeping = _member.KeepAliveAsync([Lease, Lease + 1, Lease]);
        Assert.Equal(3, _member.Barriers);
        Assert.False(keeping.IsCompleted);

        _member.HeldBarriers.SetResult();
        Assert.Equal([(Lease, LaggingMember.TtlSeconds), (Lease + 1, 0), (Lease, LaggingMember.TtlSeconds)], (await keeping).Select(static one => (one.ID, one.TTL)));
    }

    [Fact]
    public async Task A_lease_that_is_not_there_is_not_kept_alive()
    {
        _member.AcknowledgeCommand(Grant());
        Assert.Equal(0, await _member.KeepAliveAsync(Lease + 1));
    }

    [Fact]
    public async Task The_whole_time_of_a_lease_is_recorded_before_its_holder_hears_of_the_renewal()
    {
        _member.Apply(Grant());
        var checkpoint = new LeaseCheckpoint { Term = 1 };
        checkpoint.Leases.Add(new LeaseCheckpoint.Types.Item { Id = Lease, RemainingSeconds = 3 });
        _member.Apply(new Command { LeaseCheckpoint = checkpoint });
        Assert.Equal(3, _member.Store.FindLease(Lease)!.Value.RemainingSeconds);
        Assert.Equal(LaggingMember.TtlSeconds, await _member.KeepAliveAsync(Lease));
        Assert.Equal(LaggingMember.TtlSeconds, _member.Store.FindLease(Lease)!.Value.RemainingSeconds);
    }

    private static Command Grant() => new() { LeaseGrant = new LeaseGrantRequest { ID = Lease, TTL = LaggingMember.TtlSeconds } };
}
