using Veche.Raft;

namespace Veche.Replica;

/// <summary>
/// A command in a buffer of its own that has room for <see cref="CommandHeader"/> before it. It is written once, and goes into the log, to other members
/// and to the state machine from where it was written. A buffer is proposed once, and not changed afterwards.
/// </summary>
public readonly struct CommandBuffer
{
    private readonly byte[]? _data;

    /// <summary>Room for a command, with arbitrary content until it is written.</summary>
    /// <param name="bytes">Its length, 0 or more.</param>
    public CommandBuffer(int bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        _data = GC.AllocateUninitializedArray<byte>(CommandHeader.Length + bytes);
        _data.AsSpan(0, CommandHeader.Length).Clear();
    }

    /// <summary>The command's length in bytes, without the header.</summary>
    public int Length => _data is null ? 0 : _data.Length - CommandHeader.Length;

    /// <summary>Where the command is written.</summary>
    public Span<byte> Span => _data is null ? default : _data.AsSpan(CommandHeader.Length);

    /// <summary>The command as it is read.</summary>
    public ReadOnlyMemory<byte> Memory => _data is null ? default : _data.AsMemory(CommandHeader.Length);

    /// <summary>A copy of a command that was written elsewhere.</summary>
    public static implicit operator CommandBuffer(ReadOnlyMemory<byte> command)
    {
        var buffer = new CommandBuffer(command.Length);
        command.Span.CopyTo(buffer.Span);
        return buffer;
    }

    /// <summary>A copy of a command that was written elsewhere.</summary>
    public static implicit operator CommandBuffer(byte[] command) => (ReadOnlyMemory<byte>)command;

    /// <summary>Writes the header, and returns it and the command as the data of an entry.</summary>
    /// <param name="origin">Who proposes it; not nobody.</param>
    /// <param name="sequence">Under which number.</param>
    /// <exception cref="InvalidOperationException">It has its header already: it was proposed, and may be anywhere on its way into the log.</exception>
    public ReadOnlyMemory<byte> Seal(MemberId origin, long sequence)
    {
        byte[] data = _data ?? new byte[CommandHeader.Length];
        if (CommandHeader.TryRead(data, out MemberId sealedBy, out _, out _) && !sealedBy.IsNone)
        {
            throw new InvalidOperationException("A command's buffer can be proposed once; write the command to another one.");
        }

        CommandHeader.Write(data, origin, sequence);
        return data;
    }
}
