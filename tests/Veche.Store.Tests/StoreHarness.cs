using Google.Protobuf;
using Veche.Api;
using Veche.Api.Commands;
using Veche.Raft;
using Veche.Replica;

namespace Veche.Store.Tests;

/// <summary>A store that is applied to by hand, one command a batch or many.</summary>
internal sealed class StoreHarness(KeyValueStore store) : IDisposable
{
    private long _index = store.Applied.Index;

    public KeyValueStore Store => store;

    /// <summary>The term of what is applied next. Default 1.</summary>
    public long Term { get; set; } = 1;

    public static StoreHarness InMemory() => new(KeyValueStore.Open(new StoreOptions()));

    public static ByteString B(string text) => ByteString.CopyFromUtf8(text);

    public object Do(Command command) => DoAll([command])[0];

    public List<object> DoAll(IReadOnlyList<Command> commands)
    {
        var batch = new ApplyBatch();
        foreach (Command command in commands)
        {
            batch.Add(new Committed(new LogPosition(++_index, Term), EntryKind.Command, command.ToByteArray(), WantsResult: true));
        }

        store.Apply(batch);
        return [.. Enumerable.Range(0, batch.Count).Select(i => batch.ResultOf(i)!)];
    }

    public PutResponse Put(string key, string value, long lease = 0, bool prevKv = false) =>
        (PutResponse)Do(PutOf(key, value, lease, prevKv));

    public static Command PutOf(string key, string value, long lease = 0, bool prevKv = false) =>
        new() { Put = new PutRequest { Key = B(key), Value = B(value), Lease = lease, PrevKv = prevKv } };

    public DeleteRangeResponse Delete(string key, string end = "", bool prevKv = false) =>
        (DeleteRangeResponse)Do(new Command { DeleteRange = new DeleteRangeRequest { Key = B(key), RangeEnd = B(end), PrevKv = prevKv } });

    public object Txn(TxnRequest request) => Do(new Command { Txn = request });

    public object Compact(long revision) => Do(new Command { Compact = new CompactionRequest { Revision = revision } });

    public RangeResponse Range(string key, string end = "", Action<RangeRequest>? more = null)
    {
        var request = new RangeRequest { Key = B(key), RangeEnd = B(end) };
        more?.Invoke(request);
        return store.Range(request);
    }

    public string Keys(string key, string end = "", Action<RangeRequest>? more = null) =>
        string.Join(' ', Range(key, end, more).Kvs.Select(static kv => $"{kv.Key.ToStringUtf8()}={kv.Value.ToStringUtf8()}"));

    public StoreError Refused(Action<RangeRequest> request)
    {
        var range = new RangeRequest { Key = B("a") };
        request(range);
        return Assert.Throws<StoreException>(() => store.Range(range)).Error;
    }

    public void Dispose() => store.Dispose();
}
