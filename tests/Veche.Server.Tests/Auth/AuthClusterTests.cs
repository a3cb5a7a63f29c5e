using System.Text;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.Extensions.Logging.Abstractions;
using Veche.Api;
using Veche.Server.Options;
using static Veche.Server.Tests.Auth.AuthServer;

namespace Veche.Server.Tests.Auth;

/// <summary>Users and tokens on more than one member, and after a restart.</summary>
public sealed class AuthClusterTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("veche-auth-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task A_token_of_one_member_is_good_on_all_at_once()
    {
        List<VecheServer> servers = await StartThreeAsync();
        try
        {
            List<GrpcChannel> channels = [.. servers.Select(static server => GrpcChannel.ForAddress(server.ClientAddresses[0]))];
            await FillAsync(new Api.Auth.AuthClient(channels[0]));
            for (int i = 0; i < 30; i++)
            {
                Metadata alice = With((await new Api.Auth.AuthClient(channels[i % 3]).AuthenticateAsync(new AuthenticateRequest { Name = "alice", Password = AlicePassword })).Token);
                await new KV.KVClient(channels[(i + 1) % 3]).PutAsync(new PutRequest { Key = B("a") }, alice);
                await new KV.KVClient(channels[(i + 2) % 3]).RangeAsync(new RangeRequest { Key = B("a"), Serializable = true }, alice);
            }

            foreach (GrpcChannel channel in channels)
            {
                Assert.Equal((StatusCode.InvalidArgument, "etcdserver: user name is empty"), await RefusedAsync(new KV.KVClient(channel).RangeAsync(new RangeRequest { Key = B("a") })));
                channel.Dispose();
            }
        }
        finally
        {
            await StopAsync(servers);
        }
    }

    [Fact]
    public async Task Once_authentication_is_off_no_member_asks_for_a_user()
    {
        List<VecheServer> servers = await StartThreeAsync();
        try
        {
            List<GrpcChannel> channels = [.. servers.Select(static server => GrpcChannel.ForAddress(server.ClientAddresses[0]))];
            await FillAsync(new Api.Auth.AuthClient(channels[0]));
            for (int i = 0; i < 50; i++)
            {
                // The members that did not answer this may not have heard of it yet.
                var asked = new Api.Auth.AuthClient(channels[i % 3]);
                Metadata root = With((await asked.AuthenticateAsync(new AuthenticateRequest { Name = "root", Password = RootPassword })).Token);
                await asked.AuthDisableAsync(new AuthDisableRequest(), root);
                await Task.WhenAll(channels.Select(static async channel => await new KV.KVClient(channel).RangeAsync(new RangeRequest { Key = B("a") })));
                await asked.AuthEnableAsync(new AuthEnableRequest());
            }

            channels.ForEach(static channel => channel.Dispose());
        }
        finally
        {
            await StopAsync(servers);
        }
    }

    [Fact]
    public async Task After_a_restart_users_are_there_and_tokens_are_not()
    {
        ServerOptions options = Quick with { Memory = false, DataDirectory = _directory };
        string token;
        await using (AuthServer server = await StartEnabledAsync(options))
        {
            token = await server.TokenAsync("alice", AlicePassword);
            await server.Keys.PutAsync(new PutRequest { Key = B("a"), Value = B("1") }, With(token));
        }

        await using AuthServer again = await StartAsync(options);
        Assert.Equal((StatusCode.InvalidArgument, "etcdserver: user name is empty"), await RefusedAsync(again.Keys.RangeAsync(new RangeRequest { Key = B("a") })));
        Assert.Equal((StatusCode.Unauthenticated, "etcdserver: invalid auth token"), await RefusedAsync(again.Keys.RangeAsync(new RangeRequest { Key = B("a") }, With(token))));
        Assert.Equal("1", (await again.Keys.RangeAsync(new RangeRequest { Key = B("a") }, await again.AliceAsync())).Kvs.Single().Value.ToStringUtf8());
    }

    [Fact]
    public async Task No_password_gets_to_disk()
    {
        await using (AuthServer server = await StartEnabledAsync(Quick with { Memory = false, DataDirectory = _directory }))
        {
            Metadata root = await server.RootAsync();
            await server.Auth.UserChangePasswordAsync(new AuthUserChangePasswordRequest { Name = "alice", Password = "another one of alice" }, root);
            await server.TokenAsync("alice", "another one of alice");
        }

        List<byte[]> files = [.. Directory.EnumerateFiles(_directory, "*", SearchOption.AllDirectories).Select(File.ReadAllBytes)];
        Assert.Contains(files, static file => file.AsSpan().IndexOf("alice"u8) >= 0);
        foreach (string password in (string[])[RootPassword, AlicePassword, "another one of alice"])
        {
            Assert.DoesNotContain(files, file => file.AsSpan().IndexOf(Encoding.UTF8.GetBytes(password)) >= 0);
            Assert.DoesNotContain(files, file => file.AsSpan().IndexOf(Encoding.UTF8.GetBytes(Convert.ToBase64String(Encoding.UTF8.GetBytes(password)))) >= 0);
        }
    }

    private static async Task<List<VecheServer>> StartThreeAsync()
    {
        List<(string, Uri)> cluster = [.. TestPorts.Free(3).Select(static (port, i) => ("m" + i, new Uri($"http://127.0.0.1:{port}")))];
        List<VecheServer> servers = [];
        foreach ((string name, Uri url) in cluster)
        {
            servers.Add(await VecheServer.StartAsync(
                Quick with { Name = name, ListenPeerUrls = [url], AdvertisePeerUrls = [url], InitialCluster = cluster, ElectionTimeoutMs = 300, HeartbeatIntervalMs = 30 },
                NullLoggerFactory.Instance));
        }

        return servers;
    }

    private static async Task StopAsync(List<VecheServer> servers)
    {
        foreach (VecheServer server in servers)
        {
            await server.DisposeAsync();
        }
    }
}
