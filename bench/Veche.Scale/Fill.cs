using System.Diagnostics;
using Grpc.Core;
using Grpc.Net.Client;
using Veche.Api;

namespace Veche.Scale;

/// <summary>Puts <c>--versions</c> versions, over <c>--keys</c> keys in turn, <c>--per-txn</c> to a transaction.</summary>
internal static class Fill
{
    public static async Task<object> RunAsync(Options options)
    {
        int keys = options.Number("keys", 1_000_000);
        int versions = options.Number("versions", keys);
        int perTransaction = options.Number("per-txn", 100);
        int valueBytes = options.Number("value-bytes", 256);
        int next = 0;
        long revision = 0;
        long started = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, options.Number("clients", 16)).Select(async client =>
        {
            using GrpcChannel channel = options.Connect();
            var kv = new KV.KVClient(channel);
            var random = new Random(client);
            for (int first = Interlocked.Add(ref next, perTransaction) - perTransaction; first < versions; first = Interlocked.Add(ref next, perTransaction) - perTransaction)
            {
                var txn = new TxnRequest();
                for (int i = first; i < Math.Min(versions, first + perTransaction); i++)
                {
                    txn.Success.Add(new RequestOp { RequestPut = new PutRequest { Key = Options.Key(i % keys), Value = Options.Value(random, valueBytes) } });
                }

                TxnResponse response = await PutAsync(kv, txn);
                InterlockedMax(ref revision, response.Header.Revision);
            }
        }));
        double seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        return new { versions, seconds, versionsPerSecond = versions / seconds, revision };
    }

    /// <summary>Too many requests means: later.</summary>
    private static async Task<TxnResponse> PutAsync(KV.KVClient kv, TxnRequest txn)
    {
        while (true)
        {
            try
            {
                return await kv.TxnAsync(txn);
            }
            catch (RpcException exception) when (exception.StatusCode == StatusCode.ResourceExhausted && exception.Status.Detail.Contains("too many requests", StringComparison.Ordinal))
            {
                await Task.Delay(20);
            }
        }
    }

    private static void InterlockedMax(ref long target, long value)
    {
        long seen;
        while (value > (seen = Interlocked.Read(ref target)) && Interlocked.CompareExchange(ref target, value, seen) != seen)
        {
        }
    }
}
