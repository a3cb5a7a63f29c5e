using System.IO.Pipelines;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Veche.Server.Admission;

/// <summary>Has the connections of clients read in turn where there is too much to do.</summary>
internal static class PacedConnections
{
    public static void UsePacedInput(this ListenOptions listen) => listen.Use(static next => connection =>
    {
        connection.Transport = new PacedTransport(connection.Transport);
        return next(connection);
    });

    private sealed class PacedTransport(IDuplexPipe inner) : IDuplexPipe
    {
        public PipeReader Input { get; } = new PacedInput(inner.Input, static () => ThreadPool.PendingWorkItemCount);

        public PipeWriter Output => inner.Output;
    }
}
