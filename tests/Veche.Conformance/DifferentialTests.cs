using System.Globalization;
using Etcdserverpb;
using Google.Protobuf;
using Grpc.Core;
using Mvccpb;

namespace Veche.Conformance;

/// <summary>The same random operations at Veche and at Debian's etcd: every answer, every event of a watch and every hash must be the same.</summary>
public sealed class DifferentialTests
{
    private const int Operations = 400;
    private const int BetweenHashes = 10;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task The_same_operations_have_the_same_answers(int seed)
    {
        await using SingleMember etcd = await SingleMember.StartAsync(isEtcd: true);
        await using SingleMember veche = await SingleMember.StartAsync(isEtcd: false);
        var expected = new Subject(etcd);
        var actual = new Subject(veche);
        await expected.StartWatchAsync();
        await actual.StartWatchAsync();
        var operations = new RandomOperations(new Random(seed));
        for (int i = 0; i < Operations; i++)
        {
            IMessage request = operations.Next();
            string known = await expected.DoAsync(request);
            string answer = await actual.DoAsync(request);
            Assert.True(known == answer, $"seed {seed}, operation {i}, {request.Descriptor.Name} {request}:\netcd  {known}\nveche {answer}");
            if (request is CompactionRequest compaction && !known.StartsWith("error", StringComparison.Ordinal))
            {
                operations.Compacted = compaction.Revision;
            }

            operations.Revision = await expected.RevisionAsync();
            Assert.Equal(operations.Revision, await actual.RevisionAsync());
            if (i % BetweenHashes == 0)
            {
                foreach (long revision in (long[])[0, operations.Compacted, operations.AnyRevision()])
                {
                    var hash = new HashKVRequest { Revision = revision };
                    known = await expected.DoAsync(hash);
                    answer = await actual.DoAsync(hash);
                    Assert.True(known == answer, $"seed {seed}, after operation {i}, the hash at {revision} (compacted at {operations.Compacted}, now {operations.Revision}):\netcd  {known}\nveche {answer}");
                }
            }
        }

        // Somebody who comes late sees the same, too.
        Assert.Equal(await expected.HistoryAsync(operations.Compacted, operations.Revision), await actual.HistoryAsync(operations.Compacted, operations.Revision));
        await expected.DoAsync(new PutRequest { Key = RandomOperations.Last });
        await actual.DoAsync(new PutRequest { Key = RandomOperations.Last });
        List<string> events = await expected.EndWatchAsync();
        Assert.True(events.Count > Operations / 4, $"only {events.Count} events");
        Assert.Equal(events, await actual.EndWatchAsync());
    }

    /// <summary>One of the two, with what of its answers is its own affair taken out.</summary>
    private sealed class Subject(SingleMember member)
    {
        private readonly KV.KVClient _kv = new(member.Channel);
        private readonly Lease.LeaseClient _lease = new(member.Channel);
        private readonly Watch.WatchClient _watches = new(member.Channel);
        private readonly Maintenance.MaintenanceClient _maintenance = new(member.Channel);
        private Task<List<string>>? _events;

        public async Task<string> DoAsync(IMessage request)
        {
            try
            {
                IMessage response = request switch
                {
                    RangeRequest range => Settled(range, await _kv.RangeAsync(range)),
                    PutRequest put => await _kv.PutAsync(put),
                    DeleteRangeRequest delete => await _kv.DeleteRangeAsync(delete),
                    TxnRequest txn => await _kv.TxnAsync(txn),
                    CompactionRequest compaction => await _kv.CompactAsync(compaction),
                    LeaseGrantRequest grant => await _lease.LeaseGrantAsync(grant),
                    LeaseRevokeRequest revoke => await _lease.LeaseRevokeAsync(revoke),
                    LeaseTimeToLiveRequest left => Settled(await _lease.LeaseTimeToLiveAsync(left)),
                    LeaseLeasesRequest leases => Settled(await _lease.LeaseLeasesAsync(leases)),
                    HashKVRequest hash => Settled(await _maintenance.HashKVAsync(hash)),
                    _ => throw new NotSupportedException(request.Descriptor.Name),
                };
                Neutralize(response);
                return response.ToString()!;
            }
            catch (RpcException exception)
            {
                return $"error {exception.StatusCode} {exception.Status.Detail}";
            }
        }

        public async Task<long> RevisionAsync() => (await _kv.RangeAsync(new RangeRequest { Key = RandomOperations.Last })).Header.Revision;

        /// <summary>Returns when the watch is there: what was written before is nothing it would tell.</summary>
        public async Task StartWatchAsync()
        {
            var created = new TaskCompletionSource();
            _events = WatchAsync(0, static found => found.Kv.Key == RandomOperations.Last, created);
            await Task.WhenAny(created.Task, _events);
        }

        public Task<List<string>> EndWatchAsync() => _events!.WaitAsync(TimeSpan.FromSeconds(20));

        public async Task<List<string>> HistoryAsync(long compacted, long revision)
        {
            // The last event of the past is the one of the revision that is current now.
            return compacted >= revision ? [] : await WatchAsync(compacted + 1, found => found.Kv.ModRevision == revision).WaitAsync(TimeSpan.FromSeconds(20));
        }

        private async Task<List<string>> WatchAsync(long from, Func<Event, bool> isLast, TaskCompletionSource? created = null)
        {
            List<string> events = [];
            using AsyncDuplexStreamingCall<WatchRequest, WatchResponse> call = _watches.Watch();
            await call.RequestStream.WriteAsync(new WatchRequest { CreateRequest = new WatchCreateRequest { Key = RandomOperations.Everything, RangeEnd = RandomOperations.Everything, PrevKv = true, StartRevision = from } });
            while (await call.ResponseStream.MoveNext(default))
            {
                if (call.ResponseStream.Current.Created)
                {
                    created?.SetResult();
                }

                foreach (Event found in call.ResponseStream.Current.Events)
                {
                    if (isLast(found))
                    {
                        return events;
                    }

                    events.Add(found.ToString());
                }
            }

            throw new InvalidOperationException("the watch ended");
        }

        /// <summary>Go's sort is not stable: among equal ones etcd's order is nobody's promise.</summary>
        private static RangeResponse Settled(RangeRequest request, RangeResponse response)
        {
            if (request.SortTarget != RangeRequest.Types.SortTarget.Key)
            {
                List<KeyValue> found = [.. response.Kvs.OrderBy(static kv => kv.Key.ToBase64(), StringComparer.Ordinal)];
                response.Kvs.Clear();
                response.Kvs.AddRange(found);
            }

            return response;
        }

        private static LeaseTimeToLiveResponse Settled(LeaseTimeToLiveResponse response)
        {
            List<ByteString> keys = [.. response.Keys.OrderBy(static key => key.ToBase64(), StringComparer.Ordinal)];
            response.Keys.Clear();
            response.Keys.AddRange(keys);
            response.TTL = Math.Sign(response.TTL);
            return response;
        }

        private static LeaseLeasesResponse Settled(LeaseLeasesResponse response)
        {
            List<LeaseStatus> leases = [.. response.Leases.OrderBy(static lease => lease.ID)];
            response.Leases.Clear();
            response.Leases.AddRange(leases);
            return response;
        }

        /// <summary>Later versions say which revision was hashed; 3.4 does not.</summary>
        private static HashKVResponse Settled(HashKVResponse response) =>
            new() { Header = response.Header, Hash = response.Hash, CompactRevision = response.CompactRevision };

        private static void Neutralize(IMessage message)
        {
            if (message is ResponseHeader header)
            {
                header.ClusterId = 0;
                header.MemberId = 0;
                header.RaftTerm = 0;
                return;
            }

            foreach (Google.Protobuf.Reflection.FieldDescriptor field in message.Descriptor.Fields.InDeclarationOrder())
            {
                if (field.FieldType != Google.Protobuf.Reflection.FieldType.Message)
                {
                    continue;
                }

                switch (field.Accessor.GetValue(message))
                {
                    case IMessage single:
                        Neutralize(single);
                        break;
                    case System.Collections.IEnumerable many:
                        foreach (IMessage one in many)
                        {
                            Neutralize(one);
                        }

                        break;
                }
            }
        }
    }

    /// <summary>Operations over few keys and leases, so that they meet; now and then senseless ones.</summary>
    private sealed class RandomOperations(Random random)
    {
        public static readonly ByteString Last = ByteString.CopyFromUtf8("zzz");
        public static readonly ByteString Everything = ByteString.CopyFrom(0);

        public long Revision { get; set; } = 1;

        public long Compacted { get; set; }

        public long AnyRevision() => random.NextInt64(Compacted, Revision + 1);

        public IMessage Next() => random.Next(40) switch
        {
            < 14 => Put(),
            < 18 => Delete(),
            < 26 => Transaction(0),
            < 29 => Range(),
            < 31 => Sorted(Range()),
            < 33 => new CompactionRequest { Revision = random.NextInt64(Math.Max(1, Compacted - 1), Revision + 2), Physical = true },
            < 36 => new LeaseGrantRequest { ID = random.Next(1, 5), TTL = random.Next(1000, 1010) },
            < 38 => new LeaseRevokeRequest { ID = random.Next(1, 5) },
            38 => new LeaseTimeToLiveRequest { ID = random.Next(1, 5), Keys = true },
            _ => new LeaseLeasesRequest(),
        };

        private PutRequest Put() => new()
        {
            Key = Key(),
            Value = random.Next(12) == 0 ? ByteString.Empty : Value(),
            Lease = random.Next(3) == 0 ? random.Next(1, 5) : 0,
            PrevKv = random.Next(2) == 0,
            IgnoreValue = random.Next(12) == 0,
            IgnoreLease = random.Next(12) == 0,
        };

        private DeleteRangeRequest Delete() => new() { Key = Key(), RangeEnd = random.Next(3) == 0 ? Key() : ByteString.Empty, PrevKv = random.Next(2) == 0 };

        private RangeRequest Range() => new()
        {
            Key = random.Next(4) == 0 ? Everything : Key(),
            RangeEnd = random.Next(4) switch { 0 => Everything, 1 => ByteString.Empty, _ => Key() },
            Limit = random.Next(3) == 0 ? random.Next(5) : 0,
            Revision = random.Next(3) == 0 ? random.NextInt64(Math.Max(0, Compacted - 2), Revision + 2) : 0,
            SortOrder = (RangeRequest.Types.SortOrder)random.Next(3),
            KeysOnly = random.Next(5) == 0,
            CountOnly = random.Next(8) == 0,
            MinModRevision = random.Next(8) == 0 ? random.NextInt64(Revision + 1) : 0,
            MaxCreateRevision = random.Next(8) == 0 ? random.NextInt64(Revision + 1) : 0,
        };

        private RangeRequest Sorted(RangeRequest request)
        {
            request.SortTarget = (RangeRequest.Types.SortTarget)random.Next(5);
            request.Limit = 0;
            return request;
        }

        private TxnRequest Transaction(int depth)
        {
            var request = new TxnRequest();
            for (int i = random.Next(3); i > 0; i--)
            {
                request.Compare.Add(Comparison());
            }

            for (int i = random.Next(4); i > 0; i--)
            {
                request.Success.Add(Operation(depth));
            }

            for (int i = random.Next(4); i > 0; i--)
            {
                request.Failure.Add(Operation(depth));
            }

            return request;
        }

        private RequestOp Operation(int depth) => random.Next(8) switch
        {
            < 4 => new RequestOp { RequestPut = Put() },
            4 => new RequestOp { RequestDeleteRange = Delete() },
            5 when depth < 2 => new RequestOp { RequestTxn = Transaction(depth + 1) },
            _ => new RequestOp { RequestRange = Range() },
        };

        private Compare Comparison()
        {
            var compare = new Compare
            {
                Key = Key(),
                RangeEnd = random.Next(6) == 0 ? Key() : ByteString.Empty,
                Result = (Compare.Types.CompareResult)random.Next(4),
                Target = (Compare.Types.CompareTarget)random.Next(5),
            };
            switch (compare.Target)
            {
                case Compare.Types.CompareTarget.Version:
                    compare.Version = random.Next(4);
                    break;
                case Compare.Types.CompareTarget.Create:
                    compare.CreateRevision = random.NextInt64(Revision + 1);
                    break;
                case Compare.Types.CompareTarget.Mod:
                    compare.ModRevision = random.NextInt64(Revision + 1);
                    break;
                case Compare.Types.CompareTarget.Value:
                    compare.Value = Value();
                    break;
                case Compare.Types.CompareTarget.Lease:
                    compare.Lease = random.Next(5);
                    break;
            }

            return compare;
        }

        private ByteString Key() => ByteString.CopyFromUtf8(random.Next(30) == 0 ? string.Empty : "k" + random.Next(12).ToString(CultureInfo.InvariantCulture));

        private ByteString Value() => ByteString.CopyFromUtf8(new string((char)('a' + random.Next(3)), random.Next(1, 30)));
    }
}
