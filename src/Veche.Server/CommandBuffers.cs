using Google.Protobuf;
using Veche.Api.Commands;
using Veche.Replica;

namespace Veche.Server;

/// <summary>Commands as they go into the log.</summary>
internal static class CommandBuffers
{
    /// <summary>Encodes a command where the replica needs it, so that it is not copied there.</summary>
    public static CommandBuffer ToBuffer(this Command command)
    {
        var buffer = new CommandBuffer(command.CalculateSize());
        command.WriteTo(buffer.Span);
        return buffer;
    }
}
