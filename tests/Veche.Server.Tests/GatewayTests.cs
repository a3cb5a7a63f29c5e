using System.Net;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Veche.Server.Options;

namespace Veche.Server.Tests;

/// <summary>The same services as JSON, in the shapes of etcd's gateway.</summary>
public sealed class GatewayTests : IAsyncLifetime
{
    private VecheServer _server = null!;
    private HttpClient _http = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await VecheServer.StartAsync(
            new ServerOptions { Memory = true, ListenClientUrls = [new Uri("http://127.0.0.1:0")], ListenPeerUrls = [new Uri("http://127.0.0.1:0")], ElectionTimeoutMs = 100, HeartbeatIntervalMs = 10 },
            NullLoggerFactory.Instance);
        _http = new HttpClient { BaseAddress = new Uri(_server.ClientAddresses[0]), DefaultRequestVersion = HttpVersion.Version11 };
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _server.DisposeAsync();
    }

    [Theory]
    [InlineData("/v3")]
    [InlineData("/v3beta")]
    [InlineData("/v3alpha")]
    public async Task Keys_in_base64_and_numbers_as_strings(string prefix)
    {
        Assert.Contains("\"revision\":\"2\"", await PostAsync(prefix + "/kv/put", """{"key":"Zm9v","value":"YmFy"}"""), StringComparison.Ordinal);
        Assert.Contains("""
            "kvs":[{"key":"Zm9v","create_revision":"2","mod_revision":"2","version":"1","value":"YmFy"}],"count":"1"}
            """, await PostAsync(prefix + "/kv/range", """{"key":"Zm9v"}"""), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_write_asks_for_and_has_reached_stands_in_headers()
    {
        // A member that has just started has no leader yet, and what names a concern does not wait for one for ever.
        await PostAsync("/v3/kv/put", """{"key":"Zm9v"}""");
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v3/kv/put") { Content = new StringContent("""{"key":"Zm9v","value":"YmFy"}""", Encoding.UTF8, "application/json") };
        request.Headers.Add("veche-write-concern", "all");
        using HttpResponseMessage response = await _http.SendAsync(request);
        Assert.Equal((HttpStatusCode.OK, "all"), (response.StatusCode, Assert.Single(response.Headers.GetValues("veche-reached"))));
    }

    [Fact]
    public async Task Transactions_and_unknown_fields()
    {
        string answer = await PostAsync("/v3/kv/txn", """{"compare":[{"key":"Zm9v","target":"CREATE","create_revision":"0"}],"success":[{"request_put":{"key":"Zm9v","value":"YmFy","nonsense":1}}]}""");
        Assert.Contains("""
            "succeeded":true,"responses":[{"response_put":{"header":{"revision":"2"}}}]
            """, answer, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/v3/kv/put", "{}", HttpStatusCode.BadRequest, """{"error":"etcdserver: key is not provided","message":"etcdserver: key is not provided","code":3}""")]
    [InlineData("/v3/lease/revoke", """{"ID":"7"}""", HttpStatusCode.NotFound, """{"error":"etcdserver: requested lease not found","message":"etcdserver: requested lease not found","code":5}""")]
    [InlineData("/v3/election/resign", "{}", HttpStatusCode.InternalServerError, """{"error":"\"leader\" field must be provided","message":"\"leader\" field must be provided","code":2}""")]
    public async Task Refusals(string path, string request, HttpStatusCode status, string expected)
    {
        using HttpResponseMessage response = await _http.PostAsync(path, new StringContent(request, Encoding.UTF8, "application/json"));
        Assert.Equal((status, expected), (response.StatusCode, await response.Content.ReadAsStringAsync()));
    }

    [Theory]
    [InlineData("{")]
    [InlineData("nonsense")]
    [InlineData("""{"key":5}""")]
    [InlineData("[]")]
    public async Task What_is_no_request_is_refused(string request)
    {
        using HttpResponseMessage response = await _http.PostAsync("/v3/kv/put", new StringContent(request, Encoding.UTF8, "application/json"));
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains("\"code\":3", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ids_keep_all_their_digits_also_as_numbers()
    {
        string granted = await PostAsync("/v3/lease/grant", """{"ID":7609312345678901237,"TTL":100}""");
        Assert.Contains("\"ID\":\"7609312345678901237\",\"TTL\":\"100\"", granted, StringComparison.Ordinal);
        Assert.Contains("\"ID\":\"7609312345678901237\"", await PostAsync("/v3/kv/lease/leases", "{}"), StringComparison.Ordinal);
        Assert.Contains("\"result\":{", await PostAsync("/v3/lease/keepalive", """{"ID":"7609312345678901237"}"""), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_watch_goes_on_after_its_request()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v3/watch") { Content = new StringContent("""{"create_request":{"key":"Zm9v"}}""") };
        using HttpResponseMessage response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync());
        Assert.Contains("\"created\":true", await lines.ReadLineAsync(), StringComparison.Ordinal);
        await PostAsync("/v3/kv/put", """{"key":"Zm9v","value":"YmFy"}""");
        string? seen = await lines.ReadLineAsync();
        Assert.StartsWith("{\"result\":{", seen, StringComparison.Ordinal);
        Assert.Contains("\"value\":\"YmFy\"", seen, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_lock_is_passed_on_when_it_is_given_back()
    {
        await PostAsync("/v3/lease/grant", """{"ID":"10","TTL":100}""");
        await PostAsync("/v3/lease/grant", """{"ID":"11","TTL":100}""");
        string first = await PostAsync("/v3/lock/lock", """{"name":"bA==","lease":"10"}""");
        Assert.Contains($"\"key\":\"{Convert.ToBase64String("l/a"u8)}\"", first, StringComparison.Ordinal);
        Task<string> second = PostAsync("/v3/lock/lock", """{"name":"bA==","lease":"11"}""");
        await PostAsync("/v3/lock/unlock", $$"""{"key":"{{Convert.ToBase64String("l/a"u8)}}"}""");
        Assert.Contains($"\"key\":\"{Convert.ToBase64String("l/b"u8)}\"", await second, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_election_is_won_proclaimed_and_resigned()
    {
        await PostAsync("/v3/lease/grant", """{"ID":"10","TTL":100}""");
        string won = await PostAsync("/v3/election/campaign", """{"name":"ZQ==","lease":"10","value":"djE="}""");
        string leader = $$"""{"name":"ZQ==","key":"{{Convert.ToBase64String("e/a"u8)}}","rev":"2","lease":"10"}""";
        Assert.Contains($"\"leader\":{leader}", won, StringComparison.Ordinal);
        await PostAsync("/v3/election/proclaim", $$"""{"leader":{{leader}},"value":"djI="}""");
        Assert.Contains("\"value\":\"djI=\"", await PostAsync("/v3/election/leader", """{"name":"ZQ=="}"""), StringComparison.Ordinal);
        await PostAsync("/v3/election/resign", $$"""{"leader":{{leader}}}""");
        using HttpResponseMessage none = await _http.PostAsync("/v3/election/leader", new StringContent("""{"name":"ZQ=="}"""));
        Assert.Contains("election: no leader", await none.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    private async Task<string> PostAsync(string path, string body)
    {
        using HttpResponseMessage response = await _http.PostAsync(path, new StringContent(body, Encoding.UTF8, "application/json"));
        string text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, text);
        return text;
    }
}
