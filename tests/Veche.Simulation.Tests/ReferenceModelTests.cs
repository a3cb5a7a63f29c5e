using Google.Protobuf;
using Veche.Api;
using Veche.Api.Commands;
using Veche.Raft;
using Veche.Replica;
using Veche.Simulation.Clients;
using Veche.Simulation.Verdicts;
using Veche.Store;
using Veche.Store.Watching;

namespace Veche.Simulation.Tests;

/// <summary>The model and the store, without a cluster between them: every option of the API, alone and nested.</summary>
public sealed class ReferenceModelTests : IEventSink
{
    private readonly Canon _canon = new();
    private readonly ReferenceModel _model;

    public ReferenceModelTests() => _model = new ReferenceModel(_canon);

    [Theory]
    [InlineData(1UL)]
    [InlineData(2UL)]
    [InlineData(3UL)]
    public void Model_and_store_say_the_same(ulong seed)
    {
        var random = new SimulationRandom(seed);
        var maker = new RequestMaker(random, 9, _model);
        using KeyValueStore store = KeyValueStore.Open(new StoreOptions());
        store.EventSink = this;
        long wrote = 0;
        long refused = 0;
        for (long index = 1; index <= 3000; index++)
        {
            Command command = Make(random, maker, index);
            var entry = new Entry(index, 1, EntryKind.Command, CommandHeader.Wrap(new MemberId(1), index, command.ToByteArray()));
            Assert.Null(_canon.Append(entry, index == 1 ? 0 : 1));
            Assert.Null(_canon.Commit(index, 1, 1));
            Expected expected = _model.At(index);
            var batch = new ApplyBatch();
            ApplyBatches.Add(batch, entry, new MemberId(1), static _ => true);
            store.Apply(batch);
            object? result = batch.ResultOf(0);
            if (result is StoreError error)
            {
                Assert.Equal(error.Message, expected.Refusal);
                refused++;
            }
            else
            {
                Assert.Null(expected.Refusal);
                Assert.True(expected.Answer is null || expected.Answer.Equals(result), $"{command}: {result}, expected {expected.Answer}");
                wrote += expected.MadeRevision ? 1 : 0;
            }

            Read(store, maker.Range(inTransaction: false));
        }

        Assert.True(wrote > 1000 && refused > 20, $"{wrote} wrote, {refused} were refused");
    }

    void IEventSink.Publish(long revision, IReadOnlyList<StoredEvent> events) => Assert.Null(_model.Difference(revision, events));

    void IEventSink.Reset() => Assert.Fail("nothing was restored");

    private void Read(KeyValueStore store, RangeRequest request)
    {
        try
        {
            Assert.Equal(_model.Range(request, _model.Revision), store.Range(request));
            Assert.Null(_model.Refusal(request, _model.Revision));
        }
        catch (StoreException exception)
        {
            Assert.Equal(_model.Refusal(request, _model.Revision), exception.Message);
        }
    }

    private static Command Make(SimulationRandom random, RequestMaker maker, long index) => random.Below(12) switch
    {
        0 => new Command { LeaseGrant = new LeaseGrantRequest { ID = random.Between(1, 4), TTL = 5 } },
        1 when random.Chance(0.4) => new Command { LeaseRevoke = new LeaseRevokeRequest { ID = random.Between(1, 4) } },
        2 when random.Chance(0.1) => new Command { Compact = new CompactionRequest { Revision = random.Between(1L, index) } },
        3 or 4 => new Command { DeleteRange = maker.Delete() },
        5 or 6 or 7 => new Command { Put = maker.Put(index * 1000, random.Between(1, 4)) },
        _ => new Command { Txn = maker.Transaction(index * 1000, random.Between(1, 4), readOnly: false) },
    };
}
