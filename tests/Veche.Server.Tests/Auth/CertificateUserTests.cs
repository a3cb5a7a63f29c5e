using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.Extensions.Logging.Abstractions;
using Veche.Api;
using Veche.Server.Options;
using static Veche.Server.Tests.Auth.AuthServer;

namespace Veche.Server.Tests.Auth;

/// <summary>Users who show a certificate and no token.</summary>
public sealed class CertificateUserTests : IAsyncLifetime
{
    private static readonly (StatusCode, string) Nobody = (StatusCode.InvalidArgument, "etcdserver: user name is empty");
    private static readonly (StatusCode, string) Denied = (StatusCode.PermissionDenied, "etcdserver: permission denied");

    private readonly string _directory = Directory.CreateTempSubdirectory("veche-cert-").FullName;
    private readonly List<IDisposable> _open = [];
    private readonly List<VecheServer> _servers = [];
    private X509Certificate2 _ca = null!;

    public ValueTask InitializeAsync()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=ca", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        _ca = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        File.WriteAllText(Path.Combine(_directory, "ca.crt"), _ca.ExportCertificatePem());
        using X509Certificate2 server = Issue("CN=server");
        File.WriteAllText(Path.Combine(_directory, "server.crt"), server.ExportCertificatePem());
        File.WriteAllText(Path.Combine(_directory, "server.key"), server.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        _open.ForEach(static channel => channel.Dispose());
        foreach (VecheServer server in _servers)
        {
            await server.DisposeAsync();
        }

        _ca.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task The_common_name_is_the_user_where_there_is_no_token()
    {
        VecheServer server = await StartAsync(useNames: true);
        GrpcChannel root = Connect(server, "CN=root");
        await FillAsync(new Api.Auth.AuthClient(root));
        await new Api.Auth.AuthClient(root).UserAddAsync(new AuthUserAddRequest { Name = "cert", Options = new UserAddOptions { NoPassword = true } });
        await new Api.Auth.AuthClient(root).UserGrantRoleAsync(new AuthUserGrantRoleRequest { User = "cert", Role = "r" });

        // The last name counts, as in etcd; a name that is no user's has no permission.
        foreach ((string name, bool mayWrite) in new[] { ("CN=cert", true), ("O=somebody, CN=cert", true), ("O=cert, CN=stranger", false) })
        {
            var keys = new KV.KVClient(Connect(server, name));
            if (mayWrite)
            {
                await keys.PutAsync(new PutRequest { Key = B("a") });
            }
            else
            {
                Assert.Equal(Denied, await RefusedAsync(keys.PutAsync(new PutRequest { Key = B("a") })));
            }

            Assert.Equal(Denied, await RefusedAsync(keys.PutAsync(new PutRequest { Key = B("z") })));
        }

        Assert.Equal(Nobody, await RefusedAsync(new KV.KVClient(Connect(server, "O=cert")).RangeAsync(new RangeRequest { Key = B("a") })));

        // A token wins, a bad one too; and a name that came through a gateway is the gateway's.
        GrpcChannel cert = Connect(server, "CN=cert");
        string token = (await new Api.Auth.AuthClient(cert).AuthenticateAsync(new AuthenticateRequest { Name = "root", Password = RootPassword })).Token;
        await new KV.KVClient(cert).PutAsync(new PutRequest { Key = B("z") }, With(token));
        Assert.Equal((StatusCode.Unauthenticated, "etcdserver: invalid auth token"), await RefusedAsync(new KV.KVClient(cert).PutAsync(new PutRequest { Key = B("a") }, With("nonsense"))));
        Assert.Equal(Nobody, await RefusedAsync(new KV.KVClient(cert).PutAsync(new PutRequest { Key = B("a") }, new Metadata { { "grpcgateway-accept", "*/*" } })));
    }

    [Fact]
    public async Task Names_count_only_where_it_was_asked_for()
    {
        VecheServer server = await StartAsync(useNames: false);
        GrpcChannel root = Connect(server, "CN=root");
        await FillAsync(new Api.Auth.AuthClient(root));
        Assert.Equal(Nobody, await RefusedAsync(new KV.KVClient(root).RangeAsync(new RangeRequest { Key = B("a") })));
    }

    private async Task<VecheServer> StartAsync(bool useNames)
    {
        VecheServer server = await VecheServer.StartAsync(
            Quick with
            {
                ListenClientUrls = [new Uri("https://127.0.0.1:0")],
                ClientTls = new TlsFiles(Path.Combine(_directory, "server.crt"), Path.Combine(_directory, "server.key"), Path.Combine(_directory, "ca.crt"), RequireClientCertificate: true),
                ClientCertificateAuth = useNames,
            },
            NullLoggerFactory.Instance);
        _servers.Add(server);
        return server;
    }

    private GrpcChannel Connect(VecheServer server, string name)
    {
        X509Certificate2 certificate = Issue(name);
        var handler = new SocketsHttpHandler();
        handler.SslOptions.RemoteCertificateValidationCallback = static (_, _, _, _) => true;
        handler.SslOptions.ClientCertificates = [certificate];
        handler.SslOptions.LocalCertificateSelectionCallback = (_, _, _, _, _) => certificate;
        GrpcChannel channel = GrpcChannel.ForAddress(server.ClientAddresses[0], new GrpcChannelOptions { HttpHandler = handler, DisposeHttpClient = true });
        _open.AddRange([channel, certificate]);
        return channel;
    }

    private X509Certificate2 Issue(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(name, key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using X509Certificate2 certificate = request.Create(_ca, DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddHours(1), RandomNumberGenerator.GetBytes(8));
        return certificate.CopyWithPrivateKey(key);
    }
}
