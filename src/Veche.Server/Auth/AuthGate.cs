using Grpc.Core;
using Grpc.Core.Interceptors;
using Veche.Api.Commands;
using Veche.Store;
using Veche.Store.Auth;

namespace Veche.Server.Auth;

/// <summary>Stands before every method of every service: finds out who calls, and lets only those in who may call the method at all.</summary>
internal sealed class AuthGate(MemberContext member, Authenticator authenticator) : Interceptor
{
    public override Task<TResponse> UnaryServerHandler<TRequest, TResponse>(TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        return member.Store.Auth.IsEnabled || AccessRules.Of(context.Method) == Access.Administrator ? AdmittedAsync() : continuation(request, context);

        async Task<TResponse> AdmittedAsync()
        {
            await AdmitAsync(context).ConfigureAwait(false);
            return await continuation(request, context).ConfigureAwait(false);
        }
    }

    public override async Task<TResponse> ClientStreamingServerHandler<TRequest, TResponse>(IAsyncStreamReader<TRequest> requestStream, ServerCallContext context, ClientStreamingServerMethod<TRequest, TResponse> continuation)
    {
        await AdmitAsync(context).ConfigureAwait(false);
        return await continuation(requestStream, context).ConfigureAwait(false);
    }

    public override async Task ServerStreamingServerHandler<TRequest, TResponse>(TRequest request, IServerStreamWriter<TResponse> responseStream, ServerCallContext context, ServerStreamingServerMethod<TRequest, TResponse> continuation)
    {
        await AdmitAsync(context).ConfigureAwait(false);
        await continuation(request, responseStream, context).ConfigureAwait(false);
    }

    public override async Task DuplexStreamingServerHandler<TRequest, TResponse>(IAsyncStreamReader<TRequest> requestStream, IServerStreamWriter<TResponse> responseStream, ServerCallContext context, DuplexStreamingServerMethod<TRequest, TResponse> continuation)
    {
        await AdmitAsync(context).ConfigureAwait(false);
        await continuation(requestStream, responseStream, context).ConfigureAwait(false);
    }

    private async ValueTask AdmitAsync(ServerCallContext context)
    {
        Access access = AccessRules.Of(context.Method);
        if (access == Access.Administrator)
        {
            // This member may not know yet that authentication is on, or that the caller's role was taken away.
            await member.ConfirmReadAsync(context.CancellationToken).ConfigureAwait(false);
        }

        if (!member.Store.Auth.IsEnabled || access is Access.Open or Access.EachMessage || await RefusalAsync(context, access).ConfigureAwait(false) is not { } refusal)
        {
            return;
        }

        // This member may be behind: somebody was told that authentication is off, or has just been given the role, and asks here.
        // Refused is only who would be refused by all that was acknowledged before.
        try
        {
            await member.ConfirmReadAsync(context.CancellationToken).ConfigureAwait(false);
        }
        catch (RpcException)
        {
            throw Errors.Of(refusal);
        }

        if (await RefusalAsync(context, access).ConfigureAwait(false) is { } confirmed)
        {
            throw Errors.Of(confirmed);
        }
    }

    /// <summary>Why the caller may not call the method, by this member's state; null when it may.</summary>
    private async ValueTask<StoreError?> RefusalAsync(ServerCallContext context, Access access)
    {
        try
        {
            Caller? caller = await authenticator.RecogniseAsync(context).ConfigureAwait(false);
            AuthView auth = member.Store.Auth;
            StoreError? refusal = access == Access.User ? auth.CheckKnown(caller) : auth.CheckAdministrator(caller);
            if (refusal is null)
            {
                context.SetCaller(caller);
            }

            return refusal;
        }
        catch (StoreException exception)
        {
            return exception.Error;
        }
    }
}
