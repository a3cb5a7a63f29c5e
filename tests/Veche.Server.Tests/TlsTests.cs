using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.Extensions.Logging.Abstractions;
using Veche.Api;
using Veche.Server.Options;

namespace Veche.Server.Tests;

/// <summary>Three members that show each other certificates, and clients that must have one.</summary>
public sealed class TlsTests : IAsyncLifetime
{
    private readonly string _directory = Directory.CreateTempSubdirectory("veche-tls-").FullName;
    private readonly List<VecheServer> _servers = [];
    private X509Certificate2 _ca = null!;

    public async ValueTask InitializeAsync()
    {
        _ca = MakeAuthority("ca");
        Issue("member");
        Issue("client");
        TlsFiles files = new(PathOf("member.crt"), PathOf("member.key"), PathOf("ca.crt"), RequireClientCertificate: true);
        int[] ports = TestPorts.Free(3);
        List<(string, Uri)> cluster = [.. ports.Select(static (port, i) => ("m" + i, new Uri($"https://127.0.0.1:{port}")))];
        for (int i = 0; i < 3; i++)
        {
            _servers.Add(await VecheServer.StartAsync(
                new ServerOptions
                {
                    Name = "m" + i,
                    Memory = true,
                    ListenClientUrls = [new Uri("https://127.0.0.1:0")],
                    ListenPeerUrls = [cluster[i].Item2],
                    AdvertisePeerUrls = [cluster[i].Item2],
                    InitialCluster = cluster,
                    ElectionTimeoutMs = 300,
                    HeartbeatIntervalMs = 30,
                    ClientTls = files,
                    PeerTls = files,
                },
                NullLoggerFactory.Instance));
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (VecheServer server in _servers)
        {
            await server.DisposeAsync();
        }

        _ca.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task Who_has_a_certificate_is_served_over_grpc_and_http()
    {
        using X509Certificate2 certificate = X509Certificate2.CreateFromPemFile(PathOf("client.crt"), PathOf("client.key"));
        foreach (VecheServer server in _servers)
        {
            using GrpcChannel channel = Connect(server, certificate);
            await new KV.KVClient(channel).PutAsync(new PutRequest { Key = ByteString.CopyFromUtf8("a"), Value = ByteString.CopyFromUtf8("1") });
            using var http = new HttpClient(Handler(certificate)) { DefaultRequestVersion = HttpVersion.Version11 };
            Assert.Equal("{\"health\":\"true\"}", await http.GetStringAsync(server.ClientAddresses[0] + "/health"));
        }
    }

    [Fact]
    public async Task Who_has_none_or_one_of_another_authority_is_not()
    {
        using GrpcChannel without = Connect(_servers[0], null);
        await Assert.ThrowsAsync<RpcException>(async () => await new KV.KVClient(without).RangeAsync(new RangeRequest { Key = ByteString.CopyFromUtf8("a") }));
        using X509Certificate2 stranger = MakeAuthority("stranger");
        using GrpcChannel other = Connect(_servers[0], stranger);
        await Assert.ThrowsAsync<RpcException>(async () => await new KV.KVClient(other).RangeAsync(new RangeRequest { Key = ByteString.CopyFromUtf8("a") }));
    }

    [Fact]
    public async Task A_renewed_certificate_is_shown_without_a_restart()
    {
        string before = await ShownAsync();
        Issue("member");
        string after = await ShownAsync();
        Assert.NotEqual(before, after);

        // Half of a renewal is none: the last one that could be used stays.
        File.WriteAllText(PathOf("member.crt"), "nonsense");
        Assert.Equal(after, await ShownAsync());
    }

    [Fact]
    public async Task GHSA_3wh4_who_is_on_the_revocation_list_is_refused()
    {
        Issue("revoked");
        using X509Certificate2 revoked = X509Certificate2.CreateFromPemFile(PathOf("revoked.crt"), PathOf("revoked.key"));
        using X509Certificate2 good = X509Certificate2.CreateFromPemFile(PathOf("client.crt"), PathOf("client.key"));
        var list = new CertificateRevocationListBuilder();
        list.AddEntry(revoked);
        File.WriteAllBytes(PathOf("revoked.crl"), list.Build(_ca, 1, DateTimeOffset.UtcNow.AddDays(1), HashAlgorithmName.SHA256));
        await using VecheServer server = await AloneAsync(new TlsFiles(PathOf("member.crt"), PathOf("member.key"), PathOf("ca.crt"), RequireClientCertificate: true) { RevocationFile = PathOf("revoked.crl") });
        using GrpcChannel welcome = Connect(server, good);
        await new KV.KVClient(welcome).PutAsync(new PutRequest { Key = ByteString.CopyFromUtf8("a") });
        using GrpcChannel refused = Connect(server, revoked);
        await Assert.ThrowsAsync<RpcException>(async () => await new KV.KVClient(refused).RangeAsync(new RangeRequest { Key = ByteString.CopyFromUtf8("a") }));
    }

    [Fact]
    public async Task A_member_makes_its_own_certificate_and_keeps_it()
    {
        var files = new TlsFiles(string.Empty, string.Empty, null, RequireClientCertificate: false) { IsSelfSigned = true };
        string shown;
        await using (VecheServer server = await AloneAsync(files))
        {
            shown = await ShownByAsync(server);
            using GrpcChannel channel = Connect(server, null);
            await new KV.KVClient(channel).PutAsync(new PutRequest { Key = ByteString.CopyFromUtf8("a") });
        }

        await using VecheServer again = await AloneAsync(files);
        Assert.Equal(shown, await ShownByAsync(again));
    }

    private Task<string> ShownAsync() => ShownByAsync(_servers[0]);

    /// <summary>The certificate that a server shows.</summary>
    private static async Task<string> ShownByAsync(VecheServer server)
    {
        var address = new Uri(server.ClientAddresses[0]);
        using var client = new TcpClient();
        await client.ConnectAsync(address.Host, address.Port);
        string shown = string.Empty;
        using var secured = new System.Net.Security.SslStream(client.GetStream(), false, (_, certificate, _, _) =>
        {
            shown = certificate!.GetCertHashString();
            return true;
        });
        await secured.AuthenticateAsClientAsync("127.0.0.1");
        return shown;
    }

    private Task<VecheServer> AloneAsync(TlsFiles files) => VecheServer.StartAsync(
        new ServerOptions { Memory = true, DataDirectory = PathOf("alone"), ListenPeerUrls = [new Uri("http://127.0.0.1:0")], ListenClientUrls = [new Uri("https://127.0.0.1:0")], ClientTls = files, ElectionTimeoutMs = 100, HeartbeatIntervalMs = 10 },
        NullLoggerFactory.Instance);

    [Fact]
    public async Task A_certificate_that_cannot_be_read_is_said_in_one_line()
    {
        ServerStartException refused = await Assert.ThrowsAsync<ServerStartException>(() => VecheServer.StartAsync(
            new ServerOptions { Memory = true, ListenPeerUrls = [new Uri("http://127.0.0.1:0")], ListenClientUrls = [new Uri("https://127.0.0.1:0")], ClientTls = new TlsFiles("/nowhere.crt", "/nowhere.key", null, RequireClientCertificate: false) },
            NullLoggerFactory.Instance));
        Assert.Contains("/nowhere.crt", refused.Message, StringComparison.Ordinal);
    }

    private static GrpcChannel Connect(VecheServer server, X509Certificate2? certificate) =>
        GrpcChannel.ForAddress(server.ClientAddresses[0], new GrpcChannelOptions { HttpHandler = Handler(certificate), DisposeHttpClient = true });

    private static SocketsHttpHandler Handler(X509Certificate2? certificate)
    {
        var handler = new SocketsHttpHandler();
        handler.SslOptions.RemoteCertificateValidationCallback = static (_, _, _, _) => true;
        if (certificate is not null)
        {
            handler.SslOptions.ClientCertificates = [certificate];
            handler.SslOptions.LocalCertificateSelectionCallback = (_, _, _, _, _) => certificate;
        }

        return handler;
    }

    private X509Certificate2 MakeAuthority(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=" + name, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        X509Certificate2 authority = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        File.WriteAllText(PathOf(name + ".crt"), authority.ExportCertificatePem());
        return authority;
    }

    private void Issue(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=" + name, key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using X509Certificate2 certificate = request.Create(_ca, DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddHours(1), RandomNumberGenerator.GetBytes(8));
        File.WriteAllText(PathOf(name + ".crt"), certificate.ExportCertificatePem());
        File.WriteAllText(PathOf(name + ".key"), key.ExportPkcs8PrivateKeyPem());
    }

    private string PathOf(string file) => Path.Combine(_directory, file);
}
