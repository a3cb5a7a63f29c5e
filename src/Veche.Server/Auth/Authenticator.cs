using System.Security.Cryptography.X509Certificates;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Veche.Api;
using Veche.Api.Commands;
using Veche.Store;
using Veche.Store.Auth;

namespace Veche.Server.Auth;

/// <summary>Says who somebody is: by password, by token, or by certificate.</summary>
internal sealed class Authenticator(MemberContext member, ITokens tokens, Passwords passwords, ServerLog log)
{
    private const string Bearer = "Bearer ";
    private const string CommonNameOid = "2.5.4.3";

    /// <summary>Who calls: whose token came with the call, or else whose certificate. Null when neither came, or authentication is off.</summary>
    /// <exception cref="StoreException">A token came that is not good.</exception>
    /// <exception cref="RpcException">It could not be found out now.</exception>
    public async ValueTask<Caller?> RecogniseAsync(ServerCallContext context)
    {
        if (!member.Store.Auth.IsEnabled)
        {
            return null;
        }

        if ((context.RequestHeaders.GetValue("token") ?? context.RequestHeaders.GetValue("authorization")) is not { } token)
        {
            return FromCertificate(context);
        }

        token = token.StartsWith(Bearer, StringComparison.Ordinal) ? token[Bearer.Length..] : token;
        return await tokens.FindAsync(token, context.CancellationToken).ConfigureAwait(false) ?? throw new StoreException(AuthErrors.InvalidToken);
    }

    /// <summary>Gives a token for a password.</summary>
    /// <exception cref="StoreException">The password is wrong, or there is no such user.</exception>
    /// <exception cref="RpcException">It could not be done now.</exception>
    public async Task<AuthenticateResponse> LogInAsync(string name, string password, CancellationToken cancellationToken)
    {
        await member.ConfirmReadAsync(cancellationToken).ConfigureAwait(false);
        while (true)
        {
            AuthView auth = member.Store.Auth;
            if (!auth.IsEnabled)
            {
                throw new StoreException(AuthErrors.NotEnabled);
            }

            User? user = auth.Users.GetValueOrDefault(name);
            if (user?.Options is { NoPassword: true })
            {
                throw new StoreException(AuthErrors.NoPasswordUser);
            }

            if (!await passwords.VerifyAsync(password, user?.Password, cancellationToken).ConfigureAwait(false))
            {
                log.LogInFailed(name);
                throw new StoreException(AuthErrors.AuthenticationFailed);
            }

            // Comparing takes long. Where users have changed meanwhile, the password may have too.
            if (await tokens.IssueAsync(name, auth.Revision, cancellationToken).ConfigureAwait(false) is { } response)
            {
                return response;
            }
        }
    }

    /// <summary>The common name of the certificate that the caller showed. Only over gRPC: whoever passes on what others ask shows a certificate of its own.</summary>
    private Caller? FromCertificate(ServerCallContext context)
    {
        if (!member.Options.ClientCertificateAuth || context.RequestHeaders.GetValue("grpcgateway-accept") is not null)
        {
            return null;
        }

        HttpContext http = context.GetHttpContext();
        if (http.Request.ContentType?.StartsWith("application/grpc", StringComparison.Ordinal) != true || http.Connection.ClientCertificate is not { } certificate)
        {
            return null;
        }

        return CommonName(certificate) is { Length: > 0 } common ? new Caller { User = common, Revision = member.Store.Auth.Revision } : null;
    }

    private static string? CommonName(X509Certificate2 certificate) => certificate.SubjectName
        .EnumerateRelativeDistinguishedNames(reversed: false)
        .LastOrDefault(static name => !name.HasMultipleElements && name.GetSingleElementType().Value == CommonNameOid)
        ?.GetSingleElementValue();
}
