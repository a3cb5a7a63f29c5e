using Google.Protobuf;
using Grpc.Net.Client;
using Veche.Api;
using Veche.Server.Options;
using Veche.Server.Tests.Integrity;

namespace Veche.Server.Tests.Canaries;

/// <summary>Members that write canaries, over real sockets and files.</summary>
public sealed class CanaryWriterTests : SocketClusterTests
{
    private const int CanaryNotConfirmed = 330;
    private const int CanariesWhole = 331;

    [Fact]
    public async Task Every_member_writes_its_own_and_reads_it_back()
    {
        (string Name, Uri Url)[] places = Places(3);
        await Task.WhenAll(places.Select(place => StartAsync(place.Name, places)));
        using var web = new HttpClient();
        await UntilAsync(async () => (await Task.WhenAll(Servers.Values.Select(server => WholeAsync(web, server)))).All(static whole => whole >= 3));
        RangeResponse canaries = await new KV.KVClient(ChannelTo("m0")).RangeAsync(new RangeRequest { Key = B("veche/canary/"), RangeEnd = B("veche/canary0") });
        Assert.Equal(Servers.Values.Select(static server => "veche/canary/" + server.MemberId).Order(StringComparer.Ordinal), canaries.Kvs.Select(static kv => kv.Key.ToStringUtf8()));
        foreach (VecheServer server in Servers.Values)
        {
            string metrics = await web.GetStringAsync(server.ClientAddresses[0] + "/metrics", TestContext.Current.CancellationToken);
            Assert.Contains("veche_canaries_total{outcome=\"damage\"} 0", metrics, StringComparison.Ordinal);
            Assert.Contains("veche_canaries_total{outcome=\"meddling\"} 0", metrics, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_client_that_writes_there_is_named_and_nothing_is_taken_for_damage()
    {
        (string Name, Uri Url)[] places = Places(1);
        var told = new EventLog();
        await using VecheServer server = await VecheServer.StartAsync(
            Usual(new ServerOptions { DataDirectory = Path.Combine(DataDirectory, "m0"), ListenClientUrls = [new Uri("http://127.0.0.1:0")], ListenPeerUrls = [places[0].Url], AdvertisePeerUrls = [places[0].Url], InitialCluster = [("default", places[0].Url)] }),
            told);
        using var channel = GrpcChannel.ForAddress(server.ClientAddresses[0]);
        var kv = new KV.KVClient(channel);
        var key = B("veche/canary/" + server.MemberId);
        await UntilAsync(async () => (await kv.RangeAsync(new RangeRequest { Key = key })).Kvs is [{ Version: > 2 }]);
        Task<string> said = told.Said(CanaryNotConfirmed);

        // Until it is noticed; a canary may have come between.
        await UntilAsync(async () =>
        {
            await kv.PutAsync(new PutRequest { Key = key, Value = ByteString.CopyFromUtf8("mine") });
            return said.IsCompleted;
        });
        Assert.Contains("somebody else", await said, StringComparison.Ordinal);
        await told.Said(CanariesWhole);
        Assert.Equal("true", System.Text.Json.JsonDocument.Parse(await new HttpClient().GetStringAsync(server.ClientAddresses[0] + "/health", TestContext.Current.CancellationToken)).RootElement.GetProperty("health").GetString());
    }

    [Fact]
    public async Task A_member_that_does_not_hold_what_it_acknowledged_serves_nothing_until_it_has_anothers_state()
    {
        (string Name, Uri Url)[] places = Places(3);
        await Task.WhenAll(places.Select(place => StartAsync(place.Name, places)));
        await Task.WhenAll(Servers.Values.Select(static server => server.Published));
        using var web = new HttpClient();
        VecheServer server = Servers["m1"];
        await UntilAsync(async () => await WholeAsync(web, server) > 0);
        server.Canaries.ReadInstead = static _ => null;
        await UntilAsync(async () => (await web.GetStringAsync(server.ClientAddresses[0] + "/metrics")).Contains("veche_canaries_total{outcome=\"damage\"} 1", StringComparison.Ordinal));
        server.Canaries.ReadInstead = null;
        int before = await WholeAsync(web, server);
        await UntilAsync(async () => (await web.GetStringAsync(server.ClientAddresses[0] + "/metrics")).Contains("veche_state_repairs_total 1", StringComparison.Ordinal));
        await UntilAsync(async () => await WholeAsync(web, server) > before);
    }

    [Fact]
    public void An_interval_that_is_too_short_is_refused() =>
        Assert.Contains("--veche-canary-interval", Assert.Throws<OptionException>(() => ServerOptionsParser.Parse(["--veche-canary-interval=50ms"], static _ => null)).Message, StringComparison.Ordinal);

    protected override ServerOptions Usual(ServerOptions options) => options with { CanaryInterval = TimeSpan.FromMilliseconds(100), StateHashInterval = TimeSpan.FromMilliseconds(200) };

    private static async Task<int> WholeAsync(HttpClient web, VecheServer server)
    {
        string metrics = await web.GetStringAsync(server.ClientAddresses[0] + "/metrics", TestContext.Current.CancellationToken);
        string? line = metrics.Split('\n').FirstOrDefault(static line => line.StartsWith("veche_canaries_total{outcome=\"whole\"} ", StringComparison.Ordinal));
        return line is null ? 0 : int.Parse(line.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture);
    }
}
