using System.Diagnostics;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Veche.Api;

namespace Veche.Scale;

/// <summary>Reads every key: in one unary call, page by page, or as a stream (<c>--how=unary|pages|stream</c>).</summary>
internal static class RangeOfAll
{
    private const int KeysPerPage = 10_000;

    private static readonly ByteString Zero = ByteString.CopyFrom(0);

    public static async Task<object> RunAsync(Options options)
    {
        using GrpcChannel channel = options.Connect();
        var kv = new KV.KVClient(channel);
        ServerUse memory = options.Server;
        memory.ResetPeak();
        double before = memory.ResidentMiB;
        long started = Stopwatch.GetTimestamp();
        long keys = options.Text("how", "unary") switch
        {
            "unary" => (await kv.RangeAsync(All())).Kvs.Count,
            "pages" => await PagesAsync(kv),
            "stream" => await StreamAsync(kv),
            string other => throw new ArgumentException($"unknown --how={other}: unary, pages or stream"),
        };
        double seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        return new { keys, seconds, beforeMiB = before, peakMiB = memory.PeakMiB, riseMiB = memory.PeakMiB - before };
    }

    private static RangeRequest All() => new() { Key = Zero, RangeEnd = Zero };

    private static async Task<long> PagesAsync(KV.KVClient kv)
    {
        long keys = 0;
        RangeRequest request = All();
        request.Limit = KeysPerPage;
        while (true)
        {
            RangeResponse page = await kv.RangeAsync(request);
            keys += page.Kvs.Count;
            if (!page.More)
            {
                return keys;
            }

            request.Revision = page.Header.Revision;
            request.Key = ByteString.CopyFrom([.. page.Kvs[^1].Key.Span, 0]);
        }
    }

    private static async Task<long> StreamAsync(KV.KVClient kv)
    {
        long keys = 0;
        using AsyncServerStreamingCall<RangeStreamResponse> call = kv.RangeStream(All());
        while (await call.ResponseStream.MoveNext(CancellationToken.None))
        {
            keys += call.ResponseStream.Current.RangeResponse.Kvs.Count;
        }

        return keys;
    }
}
