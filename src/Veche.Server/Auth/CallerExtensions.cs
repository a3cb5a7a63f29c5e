using Grpc.Core;
using Veche.Api.Commands;

namespace Veche.Server.Auth;

/// <summary>Who calls, as the gate has found out.</summary>
internal static class CallerExtensions
{
    private static readonly object Key = new();

    /// <summary>Who calls; null while authentication is off.</summary>
    public static Caller? Caller(this ServerCallContext context) => context.UserState.TryGetValue(Key, out object? caller) ? (Caller?)caller : null;

    public static void SetCaller(this ServerCallContext context, Caller? caller) => context.UserState[Key] = caller!;
}
