using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Grpc.Core;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Veche.Api;
using Veche.Server.Auth;
using static Veche.Server.Tests.Auth.AuthServer;

namespace Veche.Server.Tests.Auth;

/// <summary>Tokens that are signed.</summary>
public sealed class JwtTests : IDisposable
{
    private static readonly (StatusCode, string) BadToken = (StatusCode.Unauthenticated, "etcdserver: invalid auth token");

    /// <summary>The pair of keys in RFC 8410, section 10.</summary>
    private const string Ed25519PrivatePem = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n";
    private const string Ed25519PublicPem = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n";

    private readonly string _directory = Directory.CreateTempSubdirectory("veche-jwt-").FullName;
    private readonly RSA _rsa = RSA.Create(2048);

    public void Dispose()
    {
        _rsa.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Theory]
    [InlineData("RS256")]
    [InlineData("RS512")]
    [InlineData("PS256")]
    [InlineData("PS384")]
    [InlineData("ES256")]
    [InlineData("ES384")]
    [InlineData("ES512")]
    [InlineData("EdDSA")]
    [InlineData("HS256")]
    [InlineData("HS512")]
    public async Task Every_method_makes_tokens_that_it_accepts(string method)
    {
        string settings = method[0] switch
        {
            'E' when method == "EdDSA" => $"pub-key={Write("ed.pub.pem", Ed25519PublicPem)},priv-key={Write("ed.pem", Ed25519PrivatePem)}",
            'E' => EllipticCurve(method),
            'H' => $"priv-key={Write("secret", RandomNumberGenerator.GetHexString(64))}",
            _ => $"pub-key={Write("pub.pem", _rsa.ExportSubjectPublicKeyInfoPem())},priv-key={Write("priv.pem", _rsa.ExportRSAPrivateKeyPem())}",
        };
        await using AuthServer server = await StartEnabledAsync(Quick with { AuthToken = $"jwt,sign-method={method},{settings},ttl=1h" });
        string token = await server.TokenAsync("alice", AlicePassword);
        var jwt = new JsonWebToken(token);
        Assert.Equal((method, "alice", 7L), (jwt.Alg, jwt.GetPayloadValue<string>("username"), jwt.GetPayloadValue<long>("revision")));
        await server.Keys.PutAsync(new PutRequest { Key = B("a") }, With(token));
        Assert.Equal(StatusCode.PermissionDenied, (await RefusedAsync(server.Keys.PutAsync(new PutRequest { Key = B("z") }, With(token)))).Code);

        // The revision in it is of before the change.
        await server.Auth.RoleAddAsync(new AuthRoleAddRequest { Name = "s" }, await server.RootAsync());
        Assert.Equal((StatusCode.InvalidArgument, "etcdserver: revision of auth store is old"), await RefusedAsync(server.Keys.PutAsync(new PutRequest { Key = B("a") }, With(token))));
        Assert.Equal((StatusCode.InvalidArgument, "etcdserver: revision of auth store is old"), await RefusedAsync(server.Keys.RangeAsync(new RangeRequest { Key = B("a") }, With(token))));
        await server.Keys.PutAsync(new PutRequest { Key = B("a") }, await server.AliceAsync());
    }

    [Fact]
    public async Task Only_the_configured_method_with_the_configured_key_and_before_its_time_is_up()
    {
        string publicPem = _rsa.ExportSubjectPublicKeyInfoPem();
        using X509Certificate2 certificate = new CertificateRequest("CN=jwt", _rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        await using AuthServer server = await StartEnabledAsync(Quick with
        {
            // As etcd's own tests have it: a certificate for the public key.
            AuthToken = $"jwt,pub-key={Write("jwt.crt", certificate.ExportCertificatePem())},priv-key={Write("jwt.key", _rsa.ExportPkcs8PrivateKeyPem())},sign-method=RS256,ttl=1h",
        });
        var key = new RsaSecurityKey(_rsa);
        using var strange = RSA.Create(2048);
        DateTime later = DateTime.UtcNow.AddHours(1);
        Dictionary<string, object> claims = new() { ["username"] = "root", ["revision"] = 7L };
        await server.Keys.PutAsync(new PutRequest { Key = B("a") }, With(Make(key, "RS256", claims, later)));
        await server.Keys.PutAsync(new PutRequest { Key = B("a") }, With(Make(key, "RS256", claims, null)));

        string good = Make(key, "RS256", claims, later);
        foreach (string bad in (string[])
        [
            // The public key, which everybody knows, as the secret of another method.
            Make(new SymmetricSecurityKey(System.Text.Encoding.UTF8.GetBytes(publicPem)), "HS256", claims, later),
            Make(new SymmetricSecurityKey(System.Text.Encoding.UTF8.GetBytes(certificate.ExportCertificatePem())), "HS256", claims, later),
            Make(new SymmetricSecurityKey(_rsa.ExportSubjectPublicKeyInfo()), "HS256", claims, later),
            Make(null, string.Empty, claims, later),
            Make(key, "RS384", claims, later),
            Make(key, "PS256", claims, later),
            Make(new RsaSecurityKey(strange), "RS256", claims, later),
            Make(key, "RS256", claims, DateTime.UtcNow.AddSeconds(-1)),
            Make(key, "RS256", new() { ["username"] = "root" }, later),
            Make(key, "RS256", new() { ["revision"] = 7L }, later),
            Make(key, "RS256", new() { ["username"] = "root", ["revision"] = 0L }, later),
            Make(key, "RS256", new() { ["username"] = "root", ["revision"] = -1L }, later),
            Make(key, "RS256", new() { ["username"] = 7, ["revision"] = "x" }, later),
            good[..^4] + "AAAA",
            good[..good.LastIndexOf('.')] + ".",
            "a.b.c",
        ])
        {
            Assert.Equal(BadToken, await RefusedAsync(server.Keys.PutAsync(new PutRequest { Key = B("a") }, With(bad))));
        }
    }

    [Fact]
    public async Task A_member_with_only_the_public_key_checks_and_does_not_sign()
    {
        await using AuthServer server = await StartEnabledAsync(Quick with { AuthToken = $"jwt,sign-method=RS256,pub-key={Write("pub.pem", _rsa.ExportSubjectPublicKeyInfoPem())}" });
        Assert.Equal((StatusCode.Unknown, "auth: token signing attempted with verify-only key"), await RefusedAsync(server.Auth.AuthenticateAsync(new AuthenticateRequest { Name = "alice", Password = AlicePassword })));
        string token = Make(new RsaSecurityKey(_rsa), "RS256", new() { ["username"] = "alice", ["revision"] = 7L }, DateTime.UtcNow.AddHours(1));
        await server.Keys.PutAsync(new PutRequest { Key = B("a") }, With(token));
    }

    /// <summary>The example of RFC 8037, appendix A.</summary>
    [Fact]
    public void An_Ed25519_key_signs_as_the_standard_says()
    {
        byte[] head = Convert.FromHexString("302e020100300506032b657004220420");
        Ed25519Key key = Ed25519Key.FromPrivatePem(PemEncoding.WriteString("PRIVATE KEY", [.. head, .. Base64UrlEncoder.DecodeBytes("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A")]));
        byte[] message = System.Text.Encoding.ASCII.GetBytes("eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc");
        byte[] signature = Base64UrlEncoder.DecodeBytes("hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg");
        Assert.Equal(signature, key.CryptoProviderFactory.CreateForSigning(key, "EdDSA").Sign(message));
        SignatureProvider checks = key.CryptoProviderFactory.CreateForVerifying(key, "EdDSA");
        Assert.True(checks.Verify(message, signature));
        for (int bit = 0; bit < signature.Length * 8; bit++)
        {
            byte[] flipped = [.. signature];
            flipped[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False(checks.Verify(message, flipped));
        }

        Assert.False(checks.Verify(message, signature[..^1]));
        message[0] ^= 1;
        Assert.False(checks.Verify(message, signature));
    }

    [Theory]
    [InlineData("nonsense", "--auth-token is simple or jwt")]
    [InlineData("jwt", "needs sign-method")]
    [InlineData("jwt,sign-method", "each setting once")]
    [InlineData("jwt,sign-method=RS256,sign-method=RS256", "each setting once")]
    [InlineData("jwt,sign-method=RS256", "needs priv-key")]
    [InlineData("jwt,sign-method=none,pub-key=PUB", "should be RS256")]
    [InlineData("jwt,sign-method=RS256,pub-key=/nowhere", "cannot be read")]
    [InlineData("jwt,sign-method=ES256,pub-key=PUB", "no key for ES256")]
    [InlineData("jwt,sign-method=HS256,pub-key=PUB", "needs priv-key")]
    [InlineData("jwt,sign-method=EdDSA", "needs priv-key")]
    [InlineData("jwt,sign-method=EdDSA,pub-key=PUB", "no key for EdDSA")]
    [InlineData("jwt,sign-method=EdDSA,pub-key=SHORT", "no key for EdDSA")]
    [InlineData("jwt,sign-method=EdDSA,priv-key=PRIV", "no key for EdDSA")]
    [InlineData("jwt,sign-method=RS256,pub-key=EDWARDS", "no key for RS256")]
    [InlineData("jwt,sign-method=HS512,priv-key=SHORT", "needs at least 64")]
    [InlineData("jwt,sign-method=RS256,pub-key=OTHER,priv-key=PRIV", "do not belong together")]
    [InlineData("jwt,sign-method=RS256,priv-key=PUB", "cannot be used")]
    [InlineData("jwt,sign-method=RS256,pub-key=PUB,ttl=soon", "should be a duration")]
    [InlineData("jwt,sign-method=RS256,pub-key=PUB,colour=red", "no setting 'colour'")]
    public async Task Settings_that_make_no_sense_are_said_in_one_line(string setting, string expected)
    {
        using var other = RSA.Create(2048);
        setting = setting
            .Replace("PUB", Write("pub.pem", _rsa.ExportSubjectPublicKeyInfoPem()), StringComparison.Ordinal)
            .Replace("PRIV", Write("priv.pem", _rsa.ExportPkcs8PrivateKeyPem()), StringComparison.Ordinal)
            .Replace("OTHER", Write("other.pem", other.ExportSubjectPublicKeyInfoPem()), StringComparison.Ordinal)
            .Replace("EDWARDS", Write("ed.pub.pem", Ed25519PublicPem), StringComparison.Ordinal)
            .Replace("SHORT", Write("short", "short"), StringComparison.Ordinal);
        ServerStartException refused = await Assert.ThrowsAsync<ServerStartException>(() => VecheServer.StartAsync(Quick with { AuthToken = setting }, NullLoggerFactory.Instance));
        Assert.Contains(expected, refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("\n", refused.Message, StringComparison.Ordinal);
    }

    private static string Make(SecurityKey? key, string method, Dictionary<string, object> claims, DateTime? expires) =>
        new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(new SecurityTokenDescriptor
        {
            Claims = claims,
            Expires = expires,
            SigningCredentials = key is null ? null : new SigningCredentials(key, method),
        });

    private string EllipticCurve(string method)
    {
        using var key = ECDsa.Create(method switch { "ES256" => ECCurve.NamedCurves.nistP256, "ES384" => ECCurve.NamedCurves.nistP384, _ => ECCurve.NamedCurves.nistP521 });
        return $"priv-key={Write("ec.pem", key.ExportECPrivateKeyPem())}";
    }

    private string Write(string name, string text)
    {
        string path = Path.Combine(_directory, name);
        File.WriteAllText(path, text);
        return path;
    }
}
