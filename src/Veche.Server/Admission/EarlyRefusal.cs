using System.Globalization;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Veche.Server.Http;

namespace Veche.Server.Admission;

/// <summary>
/// Refuses a write for which there is no room before anybody has looked at it: to say no in the way in which a call fails costs a good part of what doing it would,
/// and is paid most often when there is least to pay with. For puts and deletions, by the share of the connection; what has users, or may only read, is judged
/// where that is known.
/// </summary>
internal sealed class EarlyRefusal(MemberContext member, CallMetrics metrics, RequestDelegate next)
{
    private const string Put = "/etcdserverpb.KV/Put";
    private const string DeleteRange = "/etcdserverpb.KV/DeleteRange";

    private static readonly Status Refusal = Errors.TooManyRequests().Status;
    private static readonly string Code = ((int)Refusal.StatusCode).ToString(CultureInfo.InvariantCulture);

    public Task InvokeAsync(HttpContext context)
    {
        string? path = context.Request.Path.Value;
        if (path is not (Put or DeleteRange)
            || member.Store.Auth.IsEnabled
            || context.Features.Get<ClientShare>() is not { } client
            || !member.Admission.RefusesAtOnce(client, Environment.TickCount64))
        {
            return next(context);
        }

        metrics.Begin(path, MethodType.Unary).End(Refusal.StatusCode);
        return RefuseAsync(context);
    }

    private async Task RefuseAsync(HttpContext context)
    {
        HttpResponse response = context.Response;
        response.ContentType = "application/grpc";
        response.Headers["grpc-status"] = Code;
        response.Headers["grpc-message"] = Refusal.Detail;
        try
        {
            // What a busy member refuses may come in long after its head; without anybody to take it, the whole connection would be closed for it.
            await context.Request.Body.CopyToAsync(Stream.Null, context.RequestAborted).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException)
        {
            // The client is gone, or has taken the call back: nobody is left to be told.
        }
    }
}
