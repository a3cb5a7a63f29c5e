using System.Buffers.Binary;
using System.Net;
using Veche.Log;
using Veche.Raft;
using Veche.Replica;

namespace Veche.Hosting.Tests;

/// <summary>What leaves a real log is kept first, also when this process has never seen it: it may be from before a crash.</summary>
public sealed class RollbackTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("veche-rollback-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task A_tail_that_only_the_old_leader_has_is_kept_before_the_log_loses_it()
    {
        // Member 1 led term 1 and was killed with an entry that nobody else has; then 2 led term 2, with 3, and wrote another in its place.
        Dictionary<MemberId, DnsEndPoint> members = Enumerable.Range(1, 3).ToDictionary(static i => new MemberId((ulong)i), static _ => new DnsEndPoint("127.0.0.1", TestPorts.Free()));
        var one = new MemberId(1);
        Entry lost = new(3, 1, EntryKind.Command, CommandHeader.Wrap(one, 77, BitConverter.GetBytes(1000L)));
        Entry[] common = [new(1, 1, EntryKind.NoOp, default), new(2, 1, EntryKind.Command, CommandHeader.Wrap(one, 76, BitConverter.GetBytes(5L)))];
        Prepare(1, members, new HardState(1, one), [.. common, lost]);
        Prepare(2, members, new HardState(2, new MemberId(2)), [.. common, new(3, 2, EntryKind.NoOp, default)]);
        Prepare(3, members, new HardState(2, new MemberId(2)), [.. common, new(3, 2, EntryKind.NoOp, default)]);

        var keeper = new Keeper(Path.Combine(_directory, "1"));
        List<ReplicaHost> hosts = [];
        try
        {
            foreach (int number in (int[])[1, 2, 3])
            {
                hosts.Add(ReplicaHost.Start(Options(number, members) with { Rollbacks = number == 1 ? keeper : null }, new Sum()));
            }

            (Rollback rollback, IReadOnlyList<Entry> entries, bool wasStillThere) = await keeper.Kept.Task;
            Assert.Equal(lost.Position, Assert.Single(entries).Position);
            Assert.Equal(lost.Data.ToArray(), entries[0].Data.ToArray());
            Assert.True(wasStillThere);
            Assert.Equal((Acknowledgement.Unknown, true), (rollback.AcknowledgementOf(lost.Position), rollback.IsCertain(lost.Position)));
            Assert.Equal(6L, await hosts[0].ProposeAsync(BitConverter.GetBytes(1L)));
        }
        finally
        {
            foreach (ReplicaHost host in hosts)
            {
                await host.DisposeAsync();
            }
        }
    }

    [Fact]
    public async Task Commands_on_terms_of_their_own()
    {
        Dictionary<MemberId, DnsEndPoint> members = new() { [new MemberId(1)] = new("127.0.0.1", TestPorts.Free()) };
        await using ReplicaHost host = ReplicaHost.Start(Options(1, members), new Sum());
        ProposalOutcome outcome = await host.ProposeAsync(BitConverter.GetBytes(1L), new ProposalTerms { Rule = AckRule.All(AckStage.Durable) });
        Assert.Equal((true, true, 1L), (outcome.IsApplied, outcome.IsAcknowledged, (long)outcome.Result!));
        outcome = await host.ProposeAsync(BitConverter.GetBytes(1L), new ProposalTerms { Rule = AckRule.Leader(AckStage.Durable), AwaitsResult = false });
        Assert.True(outcome.IsAcknowledged || outcome.IsApplied);
        Assert.Equal(ProposalOutcome.Queued, await host.ProposeAsync(BitConverter.GetBytes(1L), new ProposalTerms { AwaitsResult = false }));
        Assert.Equal(4L, await host.ProposeAsync(BitConverter.GetBytes(1L)));

        // What can never be reached is given up, and what was reached is told.
        RuleNotReachedException given = await Assert.ThrowsAsync<RuleNotReachedException>(async () => await host.ProposeAsync(
            BitConverter.GetBytes(1L), new ProposalTerms { Rule = AckRule.Members(2, AckStage.Durable), TimeoutMs = 200 }));
        Assert.Equal((true, false, 5L), (given.Outcome.IsApplied, given.Outcome.IsAcknowledged, (long)given.Outcome.Result!));
    }

    private void Prepare(int number, Dictionary<MemberId, DnsEndPoint> members, HardState state, Entry[] entries)
    {
        using var disk = new RealDisk(Path.Combine(_directory, number.ToString(System.Globalization.CultureInfo.InvariantCulture)));
        using WriteAheadLog log = WriteAheadLog.Open(disk, new LogOptions
        {
            Identity = new LogIdentity(42, new MemberId((ulong)number)),
            SegmentBytes = 1 << 20,
            InitialBase = new SnapshotPoint(LogPosition.Zero, Configuration.Of(members.Keys)),
        }).Log;
        log.Write(new LogWrite { WriteId = 1, HardState = state, Entries = entries });
        log.Sync();
    }

    private ReplicaHostOptions Options(int number, Dictionary<MemberId, DnsEndPoint> members) => new()
    {
        Id = new MemberId((ulong)number),
        ClusterId = 42,
        InitialMembers = members,
        Listen = [new IPEndPoint(IPAddress.Loopback, members[new MemberId((ulong)number)].Port)],
        DataDirectory = Path.Combine(_directory, number.ToString(System.Globalization.CultureInfo.InvariantCulture)),
        LogSegmentBytes = 1 << 20,
        ElectionTimeoutMs = 300,
        HeartbeatIntervalMs = 30,
    };


    private sealed class Keeper(string directory) : IRollbackKeeper
    {
        public TaskCompletionSource<(Rollback, IReadOnlyList<Entry>, bool)> Kept { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Keep(Rollback rollback, IReadOnlyList<Entry> entries)
        {
            // The file's bytes: nothing that replaces the entry has been written yet.
            byte[] amount = BitConverter.GetBytes(1000L);
            bool there = Directory.EnumerateFiles(directory).Where(static file => !file.EndsWith("lock", StringComparison.Ordinal)).Any(file =>
            {
                using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
                using var content = new MemoryStream();
                stream.CopyTo(content);
                return content.ToArray().AsSpan().IndexOf(amount) >= 0;
            });
            Kept.TrySetResult((rollback, entries, there));
        }
    }

    private sealed class Sum : InMemoryStateMachine
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
