using Google.Protobuf;
using Veche.Api;
using Veche.Api.Commands;
using Veche.Store.Engine;
using Veche.Store.Mvcc;
using static Veche.Store.Tests.StoreHarness;

namespace Veche.Store.Tests.Integrity;

/// <summary>The hash of a state: the same for the same commands, however they came; another one for anything that is stored otherwise.</summary>
public sealed class StateCheckTests
{
    [Fact]
    public void Equal_commands_give_equal_hashes_however_they_are_batched_and_whatever_was_cleared_away()
    {
        for (int seed = 1; seed <= 30; seed++)
        {
            List<Command> commands = [.. RandomCommands.Make(new Random(seed), 120)];
            for (int at = 40; at <= commands.Count; at += 41)
            {
                commands.Insert(at, CheckFrom(ByteString.Empty, seed % 3 == 0 ? 300 : long.MaxValue));
            }

            List<StateHash.Types.Report> one = Reports(commands, static _ => 1, reclaims: true);
            var random = new Random(seed);
            List<StateHash.Types.Report> other = Reports(commands, _ => random.Next(1, 40), reclaims: false);
            Assert.Equal(one, other);
            Assert.Equal(3, one.Count);
        }
    }

    [Fact]
    public void A_change_of_anything_that_is_stored_shows_in_some_slice()
    {
        using StoreHarness whole = Filled(out _);
        Assert.True(Slices(whole).Count > 5, "one slice would prove nothing about the others");
        int changes = 0;
        foreach (byte[] key in AllKeys(whole))
        {
            using StoreHarness changed = Filled(out MemoryHome home);
            using (IEngineView view = home.Engine.OpenView())
            {
                byte[] value = view.Get(key)!;
                if (value.Length == 0 || key[0] == KeyLayout.Meta || (key[0] == KeyLayout.Index && value[0] != 0))
                {
                    continue;
                }

                value[key[0] == KeyLayout.Index ? 0 : value.Length - 1] ^= 1;
                home.Engine.Batch.Put(key, value);
            }

            home.Engine.Commit();
            Assert.NotEqual(Slices(whole), Slices(changed));
            changes++;
        }

        Assert.InRange(changes, 30, 1000);
    }

    [Fact]
    public void What_was_done_otherwise_shows_in_the_very_next_check()
    {
        List<Command> commands = [CheckFrom(ByteString.Empty, 1), PutOf("a", "1"), PutOf("b", "2"), CheckFrom(ByteString.Empty, 1), CheckFrom(ByteString.Empty, 1)];
        List<StateHash.Types.Report> one = Reports(commands, static _ => 1, reclaims: false);
        commands[2] = PutOf("b", "3");
        List<StateHash.Types.Report> other = Reports(commands, static _ => 1, reclaims: false);
        Assert.Equal((0, one[0]), (one[0].AppliedSince, other[0]));
        Assert.Equal((1, 1), (one[1].AppliedSince, other[1].AppliedSince));
        Assert.NotEqual(one[1].Applied, other[1].Applied);
        Assert.Equal(one[2].Applied, other[2].Applied);
    }

    [Fact]
    public void A_restored_state_goes_on_hashing_where_the_other_was()
    {
        using StoreHarness source = InMemory();
        source.Do(CheckFrom(ByteString.Empty, 1));
        source.Put("a", "1");
        using StoreHarness copy = InMemory();
        using (var image = new MemoryStream())
        {
            using (Replica.IStateImage captured = source.Store.Capture())
            {
                captured.WriteTo(image);
            }

            image.Position = 0;
            copy.Store.Restore(image, source.Store.Applied);
        }

        using var goesOn = new StoreHarness(copy.Store);
        Assert.Equal(Report(source, CheckFrom(ByteString.Empty, 1000)), Report(goesOn, CheckFrom(ByteString.Empty, 1000)));
    }

    [Fact]
    public void The_alarm_of_a_quarantine_is_seen_and_stops_nobody_else()
    {
        using StoreHarness store = InMemory();
        var quarantine = new Command { StateHash = new StateHash { Quarantine = new StateHash.Types.Quarantine { Member = 7 } } };
        store.Do(quarantine);
        AlarmMember alarm = Assert.Single(store.Store.Alarms);
        Assert.Equal((AlarmType.Corrupt, 7UL, true, false), (alarm.Alarm, alarm.MemberID, store.Store.IsQuarantined(7), store.Store.IsCorrupt));
        Assert.Equal(2, store.Put("a", "1").Header.Revision);
        quarantine.StateHash.Quarantine.Lifted = true;
        store.Do(quarantine);
        Assert.Empty(store.Store.Alarms);

        // Nobody's in particular: everybody stops, until an operator has decided.
        store.Do(new Command { StateHash = new StateHash { Quarantine = new StateHash.Types.Quarantine() } });
        Assert.Equal(StoreErrors.Corrupt, store.Do(PutOf("a", "2")));
        store.Do(new Command { Alarm = new AlarmRequest { Action = AlarmRequest.Types.AlarmAction.Deactivate, Alarm = AlarmType.Corrupt } });
        Assert.Equal(3, store.Put("a", "2").Header.Revision);
    }

    private static Command CheckFrom(ByteString from, long maxBytes) => new() { StateHash = new StateHash { Check = new StateHash.Types.Check { From = from, MaxBytes = maxBytes } } };

    private static StateHash.Types.Report Report(StoreHarness store, Command check)
    {
        StateHash.Types.Report? report = null;
        store.Store.StateChecked = found =>
        {
            using (found)
            {
                report = found.Compute(1, 1);
            }
        };
        store.Do(check);
        return report!;
    }

    private static List<StateHash.Types.Report> Reports(List<Command> commands, Func<int, int> batchOf, bool reclaims)
    {
        using StoreHarness store = InMemory();
        List<StateHash.Types.Report> reports = [];
        store.Store.StateChecked = found =>
        {
            using (found)
            {
                reports.Add(found.Compute(1, 1));
            }
        };
        for (int first = 0; first < commands.Count;)
        {
            int count = Math.Min(batchOf(first), commands.Count - first);
            store.DoAll(commands.GetRange(first, count));
            first += count;
            while (reclaims && store.Store.ReclaimSlice(3))
            {
                // To the end.
            }
        }

        return reports;
    }

    private static List<ulong> Slices(StoreHarness store)
    {
        List<ulong> hashes = [];
        ByteString from = ByteString.Empty;
        do
        {
            StateHash.Types.Report report = Report(store, CheckFrom(from, 150));
            hashes.Add(report.Stored);
            from = report.Next;
        }
        while (!from.IsEmpty);
        return hashes;
    }

    private static StoreHarness Filled(out MemoryHome home)
    {
        home = new MemoryHome();
        var store = new StoreHarness(KeyValueStore.Open(home));
        store.Do(new Command { LeaseGrant = new LeaseGrantRequest { ID = 5, TTL = 60 } });
        for (int i = 0; i < 12; i++)
        {
            store.Put($"key-{i % 7}", $"value-{i}", lease: i % 4 == 0 ? 5 : 0);
        }

        store.Delete("key-3");
        store.Compact(5);
        while (store.Store.ReclaimSlice(100))
        {
            // To the end.
        }

        return store;
    }

    private static List<byte[]> AllKeys(StoreHarness store)
    {
        _ = store;
        using StoreHarness filled = Filled(out MemoryHome home);
        using IEngineView view = home.Engine.OpenView();
        using IEngineIterator iterator = view.OpenIterator();
        List<byte[]> keys = [];
        for (iterator.Seek([0]); iterator.IsValid; iterator.Next())
        {
            keys.Add(iterator.Key.ToArray());
        }

        return keys;
    }

    private sealed class MemoryHome : IStoreHome
    {
        public MemoryEngine Engine { get; } = new();

        public bool AwaitsState => false;

        public IKeyValueEngine OpenEngine() => Engine;

        public (IKeyValueEngine Engine, Action MakeCurrent) CreateSuccessor() => throw new NotSupportedException();

        public void MarkDamaged() => throw new NotSupportedException();
    }
}
