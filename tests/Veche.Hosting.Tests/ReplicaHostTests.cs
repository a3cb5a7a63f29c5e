using System.Buffers.Binary;
using System.Net;
using Veche.Raft;
using Veche.Replica;

namespace Veche.Hosting.Tests;

/// <summary>Members on real sockets, threads and disks.</summary>
public sealed class ReplicaHostTests : IAsyncLifetime
{
    private readonly string _directory = Directory.CreateTempSubdirectory("veche-host-").FullName;
    private readonly List<ReplicaHost> _hosts = [];
    private Dictionary<MemberId, DnsEndPoint> _members = [];

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        foreach (ReplicaHost host in _hosts)
        {
            await host.DisposeAsync();
        }

        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task A_single_member_keeps_what_it_acknowledged()
    {
        ReplicaHost host = Start(1, alone: true);
        Assert.Equal(5L, await host.ProposeAsync(Add(5)));
        Assert.Equal(12L, await host.ProposeAsync(Add(7)));
        await host.DisposeAsync();
        host = Start(1, alone: true);
        Assert.Equal(15L, await host.ProposeAsync(Add(3)));
        Assert.True(await host.ReadBarrierAsync() > 0);
    }

    [Fact]
    public async Task Every_member_takes_commands_and_a_new_leader_takes_over()
    {
        ReplicaHost[] hosts = StartThree();
        for (int i = 0; i < 30; i++)
        {
            await hosts[i % 3].ProposeAsync(Add(1));
        }

        ReplicaHost leader = hosts.Single(static host => host.Status.Role == Role.Leader);
        ReplicaHost[] others = [.. hosts.Where(host => host != leader)];
        await leader.DisposeAsync();
        Assert.Equal(31L, await others[0].ProposeAsync(Add(1)));
        Assert.Equal(32L, await others[1].ProposeAsync(Add(1)));
        await others[0].ReadBarrierAsync();
        Assert.Contains(others, static host => host.Status.Role == Role.Leader);
    }

    [Fact]
    public async Task Leadership_is_handed_over_on_request()
    {
        ReplicaHost[] hosts = StartThree();
        await hosts[0].ProposeAsync(Add(1));
        ReplicaHost leader = hosts.Single(static host => host.Status.Role == Role.Leader);
        ReplicaHost next = hosts.First(host => host != leader);
        await leader.TransferLeadershipAsync(next.Id);
        Assert.Equal(next.Id, leader.Status.Leader);
        RefusedException refused = await Assert.ThrowsAsync<RefusedException>(() => leader.TransferLeadershipAsync(next.Id));
        Assert.Equal(RefusalReason.NotLeader, refused.Reason);
    }

    [Fact]
    public async Task A_member_that_is_far_behind_gets_a_snapshot()
    {
        ReplicaHost[] hosts = StartThree();
        await hosts[0].ProposeAsync(Add(1));
        ReplicaHost late = hosts.First(static host => host.Status.Role != Role.Leader);
        await late.DisposeAsync();
        _hosts.Remove(late);
        ReplicaHost working = hosts.First(host => host != late);
        for (int i = 0; i < 300; i++)
        {
            await working.ProposeAsync(Add(1));
        }

        ReplicaHost again = Start((int)late.Id.Value, alone: false);
        _hosts.Add(again);

        // First what it missed: the answer to a command that reaches it inside a snapshot is not in there.
        await again.ReadBarrierAsync();
        Assert.Equal(302L, await again.ProposeAsync(Add(1)));
        Assert.True(again.Status.FirstIndex > 100, $"its log begins at {again.Status.FirstIndex}: it was not brought up by a snapshot");
    }

    [Fact]
    public async Task What_is_too_large_or_of_another_cluster_is_refused()
    {
        ReplicaHost host = Start(1, alone: true);
        Assert.Equal(RefusalReason.TooLarge, (await Assert.ThrowsAsync<RefusedException>(async () => await host.ProposeAsync(new byte[3 << 20]))).Reason);
        await host.DisposeAsync();
        HostStartException refused = Assert.Throws<HostStartException>(() => ReplicaHost.Start(Options(1, _members) with { ClusterId = 43 }, new Counter()));
        Assert.Contains("cluster 2a", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_command_is_found_where_it_is_committed_and_nowhere_else()
    {
        ReplicaHost host = Start(1, alone: true);
        long before = await host.ReadBarrierAsync();
        await host.ProposeAsync(Add(1));
        long sequence = host.LastSequence;
        long at = await host.ReadBarrierAsync();
        await host.ProposeAsync(Add(1));
        CommandSearch found = await host.FindCommandAsync(new CommandIdentity(host.Id, sequence, before));
        Assert.Equal((at, before + 1), (found.Index, found.SearchedFrom));
        CommandSearch missing = await host.FindCommandAsync(new CommandIdentity(host.Id, sequence + 9, before));
        Assert.Equal((0, before + 1, at + 1), (missing.Index, missing.SearchedFrom, missing.SearchedThrough));
        Assert.Equal(0, (await host.FindCommandAsync(new CommandIdentity(new MemberId(9), sequence, before))).Index);

        // Once it is dropped from the log, the search says that it did not look there.
        while (host.Status.FirstIndex <= at)
        {
            await host.ProposeAsync(Add(1));
        }

        CommandSearch dropped = await host.FindCommandAsync(new CommandIdentity(host.Id, sequence, before));
        Assert.True(dropped.Index == 0 && dropped.SearchedFrom > at, dropped.ToString());
    }

    /// <summary>Nobody reads the entry; the member stops itself before somebody needs it, and does not start again as if nothing were.</summary>
    [Fact]
    public async Task Damage_to_a_log_in_use_is_found_by_reading_it_back()
    {
        _members = new Dictionary<MemberId, DnsEndPoint> { [new MemberId(1)] = new("127.0.0.1", TestPorts.Free()) };
        ReplicaHostOptions options = Options(1, _members) with { SnapshotEntries = 100_000 };
        var observer = new FailureObserver();
        ReplicaHost host = ReplicaHost.Start(options, new Counter(), observer: observer);
        _hosts.Add(host);
        for (int i = 0; i < 20; i++)
        {
            await host.ProposeAsync(Add(0x1122334455667788));
        }

        string log = Directory.GetFiles(options.DataDirectory!, "wal-*.log").Single();
        using (var file = new FileStream(log, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete))
        {
            byte[] bytes = new byte[64 << 10];
            file.ReadExactly(bytes);
            int at = bytes.AsSpan().IndexOf(Add(0x1122334455667788));
            file.Position = at;
            file.WriteByte(0x89);
        }

        Exception failure = await observer.Failure.Task.WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Contains("is not what was written there", failure.Message, StringComparison.Ordinal);
        await host.DisposeAsync();
        HostStartException refused = Assert.Throws<HostStartException>(() => ReplicaHost.Start(options, new Counter()));
        Assert.IsType<Veche.Log.LogDamagedException>(refused.InnerException);
    }

    private static byte[] Add(long amount) => BitConverter.GetBytes(amount);

    private ReplicaHost[] StartThree()
    {
        _members = Enumerable.Range(1, 3).ToDictionary(static i => new MemberId((ulong)i), static _ => new DnsEndPoint("127.0.0.1", TestPorts.Free()));
        return [.. Enumerable.Range(1, 3).Select(i => Start(i, alone: false))];
    }

    private ReplicaHost Start(int number, bool alone)
    {
        if (alone && _members.Count == 0)
        {
            _members = new Dictionary<MemberId, DnsEndPoint> { [new MemberId((ulong)number)] = new("127.0.0.1", TestPorts.Free()) };
        }

        ReplicaHost host = ReplicaHost.Start(Options(number, _members), new Counter());
        _hosts.Add(host);
        return host;
    }

    private ReplicaHostOptions Options(int number, Dictionary<MemberId, DnsEndPoint> members) => new()
    {
        Id = new MemberId((ulong)number),
        ClusterId = 42,
        InitialMembers = members,
        Listen = [new IPEndPoint(IPAddress.Loopback, members[new MemberId((ulong)number)].Port)],
        DataDirectory = Path.Combine(_directory, number.ToString(System.Globalization.CultureInfo.InvariantCulture)),
        LogSegmentBytes = 1 << 20,
        SnapshotEntries = 50,
        TrailingEntries = 10,
        EntryCacheBytes = 1000,
    };


    private sealed class FailureObserver : IReplicaObserver
    {
        public TaskCompletionSource<Exception> Failure { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void LeadershipChanged(MemberStatus status)
        {
        }

        public void ConfigurationChanged(Configuration configuration)
        {
        }

        public void Failed(Exception exception) => Failure.TrySetResult(exception);
    }

    private sealed class Counter : InMemoryStateMachine
    {
        private long _total;

        protected override object? Apply(ReadOnlySpan<byte> command) => _total += BinaryPrimitives.ReadInt64LittleEndian(command);

        protected override void Save(Stream destination) => destination.Write(BitConverter.GetBytes(_total));

        protected override void Load(Stream source)
        {
            byte[] bytes = new byte[8];
            source.ReadExactly(bytes);
            _total = BitConverter.ToInt64(bytes);
        }
    }
}
