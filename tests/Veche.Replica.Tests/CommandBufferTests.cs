using Veche.Raft;

namespace Veche.Replica.Tests;

/// <summary>Commands in buffers with room for their header.</summary>
public sealed class CommandBufferTests
{
    private static readonly MemberId Origin = new(7);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(300)]
    public void What_is_written_is_sealed_in_place(int length)
    {
        var buffer = new CommandBuffer(length);
        byte[] command = [.. Enumerable.Range(1, length).Select(i => (byte)i)];
        command.CopyTo(buffer.Span);

        ReadOnlyMemory<byte> data = buffer.Seal(Origin, 42);

        Assert.True(CommandHeader.TryRead(data, out MemberId origin, out long sequence, out ReadOnlyMemory<byte> read));
        Assert.Equal((Origin, 42), (origin, sequence));
        Assert.Equal(command, read.ToArray());
        Assert.True(length == 0 || buffer.Span.Overlaps(read.Span, out int offset) && offset == 0);
        Assert.Equal(CommandHeader.Wrap(Origin, 42, command).ToArray(), data.ToArray());
    }

    [Fact]
    public void A_buffer_is_proposed_once()
    {
        CommandBuffer buffer = new byte[] { 1, 2, 3 };
        byte[] data = buffer.Seal(Origin, 42).ToArray();

        Assert.Throws<InvalidOperationException>(() => buffer.Seal(new MemberId(8), 43));
        Assert.Equal(data[CommandHeader.Length..], buffer.Memory.ToArray());
    }

    [Fact]
    public void Bytes_from_elsewhere_are_copied()
    {
        byte[] mine = [1, 2, 3];
        CommandBuffer first = mine;
        CommandBuffer second = (ReadOnlyMemory<byte>)mine;
        ReadOnlyMemory<byte> data = first.Seal(Origin, 1);
        second.Seal(Origin, 2);
        mine[0] = 9;

        Assert.Equal([1, 2, 3], data[CommandHeader.Length..].ToArray());
        Assert.Equal([1, 2, 3], second.Memory.ToArray());
    }

    [Fact]
    public void No_buffer_is_an_empty_command()
    {
        Assert.Equal(0, default(CommandBuffer).Length);
        Assert.Equal(CommandHeader.Wrap(Origin, 5, []).ToArray(), default(CommandBuffer).Seal(Origin, 5).ToArray());
    }
}
