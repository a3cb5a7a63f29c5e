using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Veche.Server.Admission;

/// <summary>Gives each connection a share of its own, that all its calls find.</summary>
internal static class ConnectionShares
{
    public static void UseConnectionShares(this ListenOptions listen) => listen.Use(static next => connection =>
    {
        connection.Features.Set(new ClientShare());
        return next(connection);
    });
}
