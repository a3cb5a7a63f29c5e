using Google.Protobuf;
using Veche.Api;
using Veche.Api.Commands;
using Veche.Api.V1;
using Veche.Replica;
using Veche.Store.Sessions;
using static Veche.Store.Tests.StoreHarness;
using Outcome = Veche.Api.V1.AskOutcomeResponse.Types.Outcome;

namespace Veche.Store.Tests.Sessions;

/// <summary>What is asked for twice is done once.</summary>
public sealed class SessionTests : IDisposable
{
    private const long Id = 7;
    private readonly StoreHarness _harness = InMemory();
    private readonly string _directory = Directory.CreateTempSubdirectory("veche-sessions-").FullName;

    public SessionTests() => Assert.IsType<OpenSessionResponse>(Open(_harness, Id));

    public void Dispose()
    {
        _harness.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public void A_repeated_number_is_answered_with_the_first_outcome_and_does_nothing()
    {
        var first = (PutResponse)_harness.Do(In(Id, 1, PutOf("a", "1", prevKv: true)));
        _harness.Put("a", "2");
        Assert.Equal(first, _harness.Do(In(Id, 1, PutOf("a", "1", prevKv: true))));
        Assert.Equal("a=2", _harness.Keys("a"));
        Assert.Equal(first.Header.Revision + 1, _harness.Store.CurrentRevision);
    }

    [Fact]
    public void A_repeated_number_within_one_batch_does_nothing()
    {
        List<object> answers = _harness.DoAll([In(Id, 1, PutOf("a", "1")), In(Id, 1, PutOf("a", "1")), PutOf("b", "1")]);
        Assert.Equal(answers[0], answers[1]);
        Assert.Equal(1, _harness.Range("a").Kvs[0].Version);
    }

    [Fact]
    public void Every_kind_of_answer_is_kept()
    {
        _harness.Put("a", "1");
        Command[] commands =
        [
            PutOf("a", "2", prevKv: true),
            new() { DeleteRange = new DeleteRangeRequest { Key = B("a"), PrevKv = true } },
            new() { Txn = new TxnRequest { Success = { new RequestOp { RequestPut = new PutRequest { Key = B("t") } }, new RequestOp { RequestRange = new RangeRequest { Key = B("a") } } } } },
            new() { LeaseGrant = new LeaseGrantRequest { ID = 99, TTL = 60 } },
            new() { LeaseRevoke = new LeaseRevokeRequest { ID = 99 } },
            new() { Compact = new CompactionRequest { Revision = 2 } },
            PutOf("x", "1", lease: 12345),
        ];
        List<object> first = [.. commands.Select((command, i) => _harness.Do(In(Id, i + 1, command.Clone())))];
        Assert.Equal(StoreErrors.LeaseNotFound, first[^1]);
        long revision = _harness.Store.CurrentRevision;
        Assert.Equal(first, commands.Select((command, i) => _harness.Do(In(Id, i + 1, command.Clone()))));
        Assert.Equal(revision, _harness.Store.CurrentRevision);
    }

    [Fact]
    public void Another_request_under_a_number_that_is_taken_is_refused()
    {
        _harness.Do(In(Id, 1, PutOf("a", "1")));
        Assert.Equal(SessionErrors.OtherRequest, _harness.Do(In(Id, 1, PutOf("a", "2"))));
        Assert.Equal("a=1", _harness.Keys("a"));
    }

    [Fact]
    public void Numbers_come_in_any_order_within_the_window_and_are_refused_behind_it()
    {
        Assert.IsType<PutResponse>(_harness.Do(In(Id, SessionLimits.Window, PutOf("a", "1"))));
        Assert.IsType<PutResponse>(_harness.Do(In(Id, 1, PutOf("b", "1"))));
        Assert.IsType<PutResponse>(_harness.Do(In(Id, SessionLimits.Window + 1, PutOf("c", "1"))));

        // The first is forgotten now: whether it was done can no longer be told, so it must not be done.
        long revision = _harness.Store.CurrentRevision;
        Assert.Equal(SessionErrors.TooOld, _harness.Do(In(Id, 1, PutOf("b", "1"))));
        Assert.IsType<PutResponse>(_harness.Do(In(Id, 2, PutOf("d", "1"))));
        Assert.Equal(revision + 1, _harness.Store.CurrentRevision);
        Assert.Equal(SessionErrors.BadSequence, _harness.Do(In(Id, 0, PutOf("b", "1"))));
    }

    [Fact]
    public void A_digest_that_is_too_long_to_be_kept_is_refused()
    {
        Command command = In(Id, 1, PutOf("a", "1"));
        command.SessionDigest = ByteString.CopyFrom(new byte[SessionLimits.MaxDigestBytes + 1]);
        Assert.Equal(SessionErrors.BadDigest, _harness.Do(command));
        Assert.Equal(string.Empty, _harness.Keys("a"));
    }

    [Fact]
    public void A_session_that_is_not_known_does_nothing()
    {
        Assert.Equal(SessionErrors.Unknown, _harness.Do(In(8, 1, PutOf("a", "1"))));
        Assert.IsType<CloseSessionResponse>(_harness.Do(new Command { Session = new SessionCommand { Close = new SessionCommand.Types.Close { Id = Id } } }));
        Assert.Equal(SessionErrors.Unknown, _harness.Do(In(Id, 1, PutOf("a", "1"))));
        Assert.Equal(string.Empty, _harness.Keys("a"));
    }

    [Fact]
    public void Too_many_sessions_evict_the_least_recently_used()
    {
        Open(_harness, 8);
        _harness.Do(In(Id, 1, PutOf("a", "1")));
        for (long id = 1000; id < 1000 + SessionLimits.MaxSessions - 1; id++)
        {
            Open(_harness, id);
        }

        Assert.Equal(SessionErrors.Unknown, _harness.Do(In(8, 1, PutOf("b", "1"))));
        Assert.IsType<PutResponse>(_harness.Do(In(Id, 1, PutOf("a", "1"))));
        Assert.IsType<PutResponse>(_harness.Do(In(1000, 1, PutOf("c", "1"))));
    }

    [Fact]
    public void Too_many_bytes_evict_the_least_recently_used()
    {
        string value = new('x', SessionLimits.MaxAnswerBytes - 1000);
        _harness.Put("large", value);
        Command read = new() { Txn = new TxnRequest { Success = { new RequestOp { RequestRange = new RangeRequest { Key = B("large") } }, new RequestOp { RequestPut = new PutRequest { Key = B("a") } } } } };
        _harness.Do(In(Id, 1, PutOf("b", "1")));
        long sessions = (SessionLimits.MaxBytes / value.Length / SessionLimits.Window) + 1;
        for (long id = 100; id < 100 + sessions; id++)
        {
            Open(_harness, id);
            for (int sequence = 1; sequence <= SessionLimits.Window; sequence++)
            {
                Assert.IsType<TxnResponse>(_harness.Do(In(id, sequence, read.Clone())));
            }
        }

        Assert.Equal(SessionErrors.Unknown, _harness.Do(In(Id, 1, PutOf("b", "1"))));
        Assert.IsType<TxnResponse>(_harness.Do(In(100 + sessions - 1, 1, read.Clone())));
    }

    [Fact]
    public void Of_an_answer_that_is_too_large_the_revision_is_kept()
    {
        _harness.Put("large", new string('x', SessionLimits.MaxAnswerBytes));
        Assert.IsType<PutResponse>(_harness.Do(In(Id, 1, PutOf("large", "2", prevKv: true))));
        long revision = _harness.Store.CurrentRevision;
        Assert.Equal(SessionErrors.AnswerNotKept(revision), _harness.Do(In(Id, 1, PutOf("large", "2", prevKv: true))));
        Assert.Equal(revision, _harness.Store.CurrentRevision);
    }

    [Fact]
    public void Outcomes_go_with_images()
    {
        object first = _harness.Do(In(Id, 1, PutOf("a", "1")));
        using var other = new CopyOf(_harness.Store);
        Assert.Equal(first, other.Harness.Do(In(Id, 1, PutOf("a", "1"))));
        Assert.Equal(1, other.Harness.Range("a").Kvs[0].Version);
        Assert.Equal(SessionErrors.OtherRequest, other.Harness.Do(In(Id, 1, PutOf("a", "2"))));
    }

    [Fact]
    public void Outcomes_survive_a_restart()
    {
        object first;
        using (var harness = new StoreHarness(KeyValueStore.Open(new StoreOptions { DataDirectory = _directory })))
        {
            Open(harness, 3);
            first = harness.Do(In(3, 1, PutOf("a", "1")));
        }

        using var again = new StoreHarness(KeyValueStore.Open(new StoreOptions { DataDirectory = _directory }));
        Assert.Equal(first, again.Do(In(3, 1, PutOf("a", "1"))));
        Assert.Equal(1, again.Range("a").Kvs[0].Version);
    }

    [Fact]
    public void What_was_done_is_answered_whatever_alarm_is_on()
    {
        object first = _harness.Do(In(Id, 1, PutOf("a", "1")));
        _harness.Do(new Command { Alarm = new AlarmRequest { Action = AlarmRequest.Types.AlarmAction.Activate, Alarm = AlarmType.Nospace } });
        Assert.Equal(first, _harness.Do(In(Id, 1, PutOf("a", "1"))));
        Assert.Equal(StoreErrors.NoSpace, _harness.Do(In(Id, 2, PutOf("b", "1"))));

        // The outcome of a number never changes: who was refused once takes a new one.
        _harness.Do(new Command { Alarm = new AlarmRequest { Action = AlarmRequest.Types.AlarmAction.Deactivate, Alarm = AlarmType.Nospace } });
        Assert.Equal(StoreErrors.NoSpace, _harness.Do(In(Id, 2, PutOf("b", "1"))));
        Assert.IsType<PutResponse>(_harness.Do(In(Id, 3, PutOf("b", "1"))));
    }

    [Fact]
    public void A_settled_number_never_happens()
    {
        Assert.Null(_harness.Store.FindOutcome(Id, 5));
        Assert.Equal(Outcome.Never, Settle(5).Outcome);
        Assert.Equal(SessionErrors.GivenUp, _harness.Do(In(Id, 5, PutOf("a", "1"))));
        Assert.Equal(string.Empty, _harness.Keys("a"));
        Assert.Equal(Outcome.Never, _harness.Store.FindOutcome(Id, 5)!.Outcome);
    }

    [Fact]
    public void What_happened_before_it_was_settled_has_happened()
    {
        long revision = ((PutResponse)_harness.Do(In(Id, 1, PutOf("a", "1")))).Header.Revision;
        AskOutcomeResponse settled = Settle(1);
        Assert.Equal((Outcome.Happened, revision), (settled.Outcome, settled.Revision));
        Assert.True(settled.Index > 0);
        Assert.Equal(StoreErrors.LeaseNotFound, _harness.Do(In(Id, 2, PutOf("x", "1", lease: 9))));
        Assert.Equal((Outcome.Refused, StoreErrors.LeaseNotFound.Message), (Settle(2).Outcome, Settle(2).Reason));
        Assert.Equal(Outcome.Happened, _harness.Store.FindOutcome(Id, 1)!.Outcome);
    }

    [Fact]
    public void Random_commands_and_their_copies_do_what_the_commands_alone_do()
    {
        var random = new Random(11);
        using StoreHarness once = InMemory();
        using StoreHarness often = InMemory();
        Open(once, Id);
        Open(often, Id);
        List<(Command Command, object Answer)> done = [];
        for (int sequence = 1; sequence <= 400; sequence++)
        {
            Command command = In(Id, sequence, random.Next(3) == 0
                ? new Command { DeleteRange = new DeleteRangeRequest { Key = B($"k{random.Next(5)}"), PrevKv = true } }
                : PutOf($"k{random.Next(5)}", $"{sequence}", prevKv: true));
            object expected = once.Do(command);
            List<Command> batch = [command];
            List<object> answers = [expected];
            for (int copies = random.Next(4); copies > 0; copies--)
            {
                (Command again, object answer) = done.Count == 0 || random.Next(2) == 0 ? (command, expected) : done[^random.Next(1, Math.Min(done.Count, SessionLimits.Window - 1) + 1)];
                batch.Add(again);
                answers.Add(answer);
            }

            Assert.Equal(answers, often.DoAll(batch));
            done.Add((command, expected));
        }

        Assert.Equal(once.Keys("k", "l"), often.Keys("k", "l"));
        Assert.Equal(once.Store.CurrentRevision, often.Store.CurrentRevision);
    }

    private AskOutcomeResponse Settle(long sequence) =>
        (AskOutcomeResponse)_harness.Do(new Command { Session = new SessionCommand { Settle = new SessionCommand.Types.Settle { Id = Id, Sequence = sequence } } });

    private static object Open(StoreHarness harness, long id) => harness.Do(new Command { Session = new SessionCommand { Open = new SessionCommand.Types.Open { Id = id } } });

    private static Command In(long session, long sequence, Command command)
    {
        command.SessionDigest = ByteString.CopyFrom(System.Security.Cryptography.SHA256.HashData(command.ToByteArray()).AsSpan(0, 16));
        command.SessionId = session;
        command.SessionSequence = sequence;
        return command;
    }

    /// <summary>A store that was restored from an image of another.</summary>
    private sealed class CopyOf : IDisposable
    {
        public CopyOf(KeyValueStore source)
        {
            using IStateImage image = source.Capture();
            using var stream = new MemoryStream();
            image.WriteTo(stream);
            stream.Position = 0;
            KeyValueStore store = KeyValueStore.Open(new StoreOptions());
            store.Restore(stream, source.Applied);
            Harness = new StoreHarness(store);
        }

        public StoreHarness Harness { get; }

        public void Dispose() => Harness.Dispose();
    }
}
