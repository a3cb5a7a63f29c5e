using Veche.Api;
using Veche.Api.Commands;
using Veche.Raft;
using static Veche.Store.Tests.StoreHarness;

namespace Veche.Store.Tests;

public sealed class AlarmTests : IDisposable
{
    private readonly StoreHarness _store = InMemory();

    public void Dispose() => _store.Dispose();

    [Fact]
    public void Without_space_only_what_makes_room_is_done()
    {
        _store.Put("a", "1");
        Assert.Equal(AlarmType.Nospace, Assert.Single(Set(AlarmRequest.Types.AlarmAction.Activate, AlarmType.Nospace, 7).Alarms).Alarm);
        Assert.Equal(StoreErrors.NoSpace, _store.Do(PutOf("b", "2")));
        Assert.Equal(StoreErrors.NoSpace, _store.Txn(new TxnRequest { Failure = { new RequestOp { RequestTxn = new TxnRequest { Success = { new RequestOp { RequestPut = new PutRequest { Key = B("c") } } } } } } }));
        Assert.Equal(StoreErrors.NoSpace, _store.Do(new Command { LeaseGrant = new LeaseGrantRequest { ID = 1, TTL = 10 } }));
        Assert.IsType<TxnResponse>(_store.Txn(new TxnRequest { Success = { new RequestOp { RequestDeleteRange = new DeleteRangeRequest { Key = B("x") } } } }));
        Assert.Equal(1, _store.Delete("a").Deleted);
        Assert.IsType<CompactionResponse>(_store.Compact(_store.Store.CurrentRevision));
        Assert.Single(Set(AlarmRequest.Types.AlarmAction.Deactivate, AlarmType.Nospace, 7).Alarms);
        Assert.Empty(_store.Store.Alarms);
        _store.Put("b", "2");
    }

    [Fact]
    public void After_corruption_nothing_is_changed()
    {
        Set(AlarmRequest.Types.AlarmAction.Activate, AlarmType.Corrupt, 7);
        Assert.Equal(StoreErrors.Corrupt, _store.Do(PutOf("b", "2")));
        Assert.Equal(StoreErrors.Corrupt, _store.Do(new Command { DeleteRange = new DeleteRangeRequest { Key = B("a") } }));
        Assert.Equal(StoreErrors.Corrupt, _store.Compact(1));
        Assert.Equal(0, _store.Range("a").Count);
    }

    [Fact]
    public void An_alarm_is_one_members_and_is_cleared_for_it_alone()
    {
        foreach (ulong member in new ulong[] { 9, 7, 9 })
        {
            Assert.Single(Set(AlarmRequest.Types.AlarmAction.Activate, AlarmType.Nospace, member).Alarms);
        }

        Assert.Equal([7UL, 9UL], _store.Store.Alarms.Select(static alarm => alarm.MemberID));
        Assert.Empty(Set(AlarmRequest.Types.AlarmAction.Deactivate, AlarmType.Nospace, 8).Alarms);
        Assert.Empty(Set(AlarmRequest.Types.AlarmAction.Deactivate, AlarmType.Corrupt, 7).Alarms);
        Set(AlarmRequest.Types.AlarmAction.Deactivate, AlarmType.Nospace, 7);
        Assert.Equal(StoreErrors.NoSpace, _store.Do(PutOf("b", "2")));
    }

    [Fact]
    public void Alarms_are_in_images()
    {
        Set(AlarmRequest.Types.AlarmAction.Activate, AlarmType.Nospace, 7);
        using var image = new MemoryStream();
        using (Replica.IStateImage captured = _store.Store.Capture())
        {
            captured.WriteTo(image);
        }

        image.Position = 0;
        using StoreHarness other = InMemory();
        other.Store.Restore(image, _store.Store.Applied);
        Assert.Equal(7UL, Assert.Single(other.Store.Alarms).MemberID);
        Assert.Equal(_store.Store.DataBytes, other.Store.DataBytes);
    }

    [Fact]
    public void Alarms_and_the_count_of_bytes_survive_a_restart()
    {
        string directory = Directory.CreateTempSubdirectory("veche-alarms-").FullName;
        try
        {
            long bytes;
            LogPosition applied;
            using (StoreHarness first = new(KeyValueStore.Open(new StoreOptions { DataDirectory = directory })))
            {
                first.Put("a", "1");
                first.Do(new Command { Alarm = new AlarmRequest { Action = AlarmRequest.Types.AlarmAction.Activate, Alarm = AlarmType.Nospace, MemberID = 3 } });
                bytes = first.Store.DataBytes;
                applied = first.Store.Applied;
            }

            using StoreHarness second = new(KeyValueStore.Open(new StoreOptions { DataDirectory = directory }));
            Assert.Equal((bytes, applied, 3UL), (second.Store.DataBytes, second.Store.Applied, Assert.Single(second.Store.Alarms).MemberID));
            Assert.Equal(StoreErrors.NoSpace, second.Do(PutOf("b", "2")));
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void The_count_of_bytes_is_what_the_engine_holds(int seed)
    {
        // The memory engine counts what it holds by itself; beside the data there is only the store's own record, which an empty batch writes.
        _store.Delete("nothing");
        long record = _store.Store.SizeBytes;
        Assert.Equal(0, _store.Store.DataBytes);
        foreach (Command command in RandomCommands.Make(new Random(seed), 400))
        {
            _store.Do(command);
            Assert.Equal(_store.Store.SizeBytes - record, _store.Store.DataBytes);
        }
    }

    private AlarmResponse Set(AlarmRequest.Types.AlarmAction action, AlarmType alarm, ulong member) =>
        (AlarmResponse)_store.Do(new Command { Alarm = new AlarmRequest { Action = action, Alarm = alarm, MemberID = member } });
}
