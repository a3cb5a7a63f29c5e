using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Veche.Api;

namespace Veche.Recorder;

/// <summary>One process of the history: one operation at a time, at one endpoint until it fails, then at the next.</summary>
internal sealed class RecordingClient(string name, string[] endpoints, int first, TimeSpan deadline, HistoryFile history)
{
    /// <summary>Texts by which the server promises that nothing was done and nothing will be.</summary>
    private static readonly string[] Refusals = ["etcdserver: no leader", "etcdserver: too many requests", "etcdserver: mvcc: database space exceeded"];

    private readonly KV.KVClient[] _kv = [.. endpoints.Select(static endpoint => new KV.KVClient(GrpcChannel.ForAddress(endpoint, new GrpcChannelOptions
    {
        HttpHandler = new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromMilliseconds(500), KeepAlivePingDelay = TimeSpan.FromSeconds(1), KeepAlivePingTimeout = TimeSpan.FromSeconds(1) },
        InitialReconnectBackoff = TimeSpan.FromMilliseconds(50),
        MaxReconnectBackoff = TimeSpan.FromMilliseconds(200),
    })))];

    private readonly Dictionary<string, string?> _seen = [];
    private int _at = first;
    private int _number;

    /// <summary>Keys that were written, or may have been, exactly once.</summary>
    public List<string> WrittenOnce { get; } = [];

    public async Task<bool> ReadAsync(string key)
    {
        history.Invoke(name, "read", key, null);
        (Outcome outcome, RangeResponse? response) = await CallAsync((kv, call) => kv.RangeAsync(new RangeRequest { Key = Bytes(key) }, call));
        string? value = response is { Kvs: [{ } found] } ? found.Value.ToStringUtf8() : null;

        // A read that failed has no effect, whatever became of it.
        history.Complete(name, outcome == Outcome.Ok ? Outcome.Ok : Outcome.Fail, "read", key, value);
        if (outcome == Outcome.Ok)
        {
            _seen[key] = value;
        }

        return outcome == Outcome.Ok;
    }

    public Task WriteAsync(string key) => PutAsync(key, NextValue());

    public Task WriteOnceAsync(string prefix)
    {
        string value = NextValue();
        WrittenOnce.Add(prefix + value);
        return PutAsync(prefix + value, value);
    }

    public async Task CompareAndSetAsync(string key)
    {
        if (_seen.GetValueOrDefault(key) is not { } old)
        {
            await ReadAsync(key);
            return;
        }

        string value = NextValue();
        var request = new TxnRequest
        {
            Compare = { new Compare { Key = Bytes(key), Target = Compare.Types.CompareTarget.Value, Result = Compare.Types.CompareResult.Equal, Value = Bytes(old) } },
            Success = { new RequestOp { RequestPut = new PutRequest { Key = Bytes(key), Value = Bytes(value) } } },
        };
        history.Invoke(name, "cas", key, new[] { old, value });
        (Outcome outcome, TxnResponse? response) = await CallAsync((kv, call) => kv.TxnAsync(request, call));
        history.Complete(name, response is { Succeeded: false } ? Outcome.Fail : outcome, "cas", key, null);
        _seen[key] = response is { Succeeded: true } ? value : null;
    }

    private static ByteString Bytes(string text) => ByteString.CopyFromUtf8(text);

    private string NextValue() => $"{name}-{++_number}";

    private async Task PutAsync(string key, string value)
    {
        history.Invoke(name, "write", key, value);
        (Outcome outcome, _) = await CallAsync((kv, call) => kv.PutAsync(new PutRequest { Key = Bytes(key), Value = Bytes(value) }, call));
        history.Complete(name, outcome, "write", key, null);
        _seen[key] = outcome == Outcome.Ok ? value : null;
    }

    private async Task<(Outcome Outcome, T? Response)> CallAsync<T>(Func<KV.KVClient, CallOptions, AsyncUnaryCall<T>> call)
        where T : class
    {
        try
        {
            return (Outcome.Ok, await call(_kv[_at % _kv.Length], new CallOptions(deadline: DateTime.UtcNow + deadline)));
        }
        catch (RpcException exception)
        {
            _at++;
            await Task.Delay(20);
            return (Refusals.Contains(exception.Status.Detail, StringComparer.Ordinal) ? Outcome.Fail : Outcome.Info, null);
        }
    }
}
