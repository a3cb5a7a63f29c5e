using System.Buffers;
using CsCheck;
using Veche.Raft;
using Veche.Replica.Wire;

namespace Veche.Replica.Tests;

public sealed class PeerCodecTests
{
    private static readonly MemberId From = new(7);
    private static readonly MemberId To = new(9);

    public static TheoryData<Message> Messages => new((Message[])[
        new AppendRequest(From, To, 3, new LogPosition(5, 2), 7, 4) { Entries = [new Entry(6, 3, EntryKind.NoOp, default), new Entry(7, 3, EntryKind.Command, "data"u8.ToArray())] },
        new AppendRequest(From, To, 3, new LogPosition(5, 2), 6, 4) { Entries = [new Entry(6, 3, EntryKind.NoOp, default)], Reports = AppendReports.Received | AppendReports.Applied },
        new AppendRequest(From, To, 3, new LogPosition(5, 2), 6, 4) { Entries = [new Entry(6, 3, EntryKind.Command, default)], ForWitness = true },
        new AppendAccepted(From, To, 3, 9),
        new AppendReceived(From, To, 3, 9),
        new AppendRejected(From, To, 3, 9, new LogPosition(4, 1)),
        new Heartbeat(From, To, 3, 5, 6),
        new Heartbeat(From, To, 3, 5, 6) { Copied = 4 },
        new HeartbeatReply(From, To, 3, 6),
        new HeartbeatReply(From, To, 3, 6) { IsIll = true },
        new VoteRequest(From, To, 3, new LogPosition(4, 1), PreVote: true, LeaderTransfer: false),
        new VoteReply(From, To, 3, Granted: false, PreVote: true),
        new TimeoutNow(From, To, 3),
        new ReadIndexRequest(From, To, 3, 11),
        new ReadIndexRequest(From, To, 3, 11, AllowLease: true),
        new ReadIndexReply(From, To, 3, 11, 12, Refused: true)]);

    [Theory]
    [MemberData(nameof(Messages))]
    public void Messages_survive_the_wire(Message message)
    {
        var decoded = (Message)PeerCodec.Decode(From, To, Encode(PeerMessage.Of(message))).Body;
        if (message is AppendRequest append)
        {
            var back = (AppendRequest)decoded;
            Assert.Equal((append.From, append.To, append.Term, append.Previous, append.LastIndex, append.Commit, append.Reports, append.ForWitness), (back.From, back.To, back.Term, back.Previous, back.LastIndex, back.Commit, back.Reports, back.ForWitness));
            Assert.Equal(append.Entries.Select(static entry => (entry.Position, entry.Kind, Convert.ToHexString(entry.Data.Span))), back.Entries.Select(static entry => (entry.Position, entry.Kind, Convert.ToHexString(entry.Data.Span))));
        }
        else
        {
            Assert.Equal(message, decoded);
        }
    }

    [Fact]
    public void Commands_survive_the_wire()
    {
        var forwarded = new ForwardedCommands(5, 9, [new byte[] { 1, 2 }, ReadOnlyMemory<byte>.Empty]);
        var back = (ForwardedCommands)PeerCodec.Decode(From, To, Encode(PeerMessage.Of(From, To, forwarded))).Body;
        Assert.Equal((5L, 2, 2), (back.Number, back.Commands.Count, back.Commands[0].Length));
        var refused = (RefusedCommands)PeerCodec.Decode(From, To, Encode(PeerMessage.Of(From, To, new RefusedCommands(2, [3, 4], TooBusy: true)))).Body;
        Assert.Equal(2, refused.Number);
        Assert.Equal([3L, 4L], refused.Sequences);
        Assert.True(refused.TooBusy);
    }

    [Fact]
    public void Rules_survive_the_wire_and_commands_without_them_are_written_as_before()
    {
        AckRule?[] rules =
        [
            null,
            AckRule.Leader(AckStage.Received),
            AckRule.Majority(AckStage.Received),
            AckRule.All(AckStage.Applied),
            AckRule.Members(3, AckStage.Durable),
            AckRule.OfGroups(2, [[From], [To, new MemberId(5)]], AckStage.Durable),
        ];
        var forwarded = new ForwardedCommands(5, 9, [.. rules.Select(static _ => (ReadOnlyMemory<byte>)new byte[] { 1 })]) { Rules = rules };
        var back = (ForwardedCommands)PeerCodec.Decode(From, To, Encode(PeerMessage.Of(From, To, forwarded))).Body;
        Assert.Equal(rules, back.Rules);

        // Kind 11, which members know that have never heard of rules.
        byte[] plain = Encode(PeerMessage.Of(From, To, forwarded with { Rules = null }));
        Assert.Equal(11, plain[0]);
        Assert.Null(((ForwardedCommands)PeerCodec.Decode(From, To, plain).Body).Rules);
        Assert.Equal(1, Encode(PeerMessage.Of(new AppendRequest(From, To, 3, new LogPosition(5, 2), 5, 4)))[0]);
    }

    [Fact]
    public void Acknowledgements_survive_the_wire()
    {
        var acknowledged = (AcknowledgedCommands)PeerCodec.Decode(From, To, Encode(PeerMessage.Of(From, To, new AcknowledgedCommands(4, [(7, 12), (8, 13)])))).Body;
        Assert.Equal(4, acknowledged.Term);
        Assert.Equal([(7L, 12L), (8L, 13L)], acknowledged.Commands);
        Assert.Equal(new AppliedThrough(4, 11), PeerCodec.Decode(From, To, Encode(PeerMessage.Of(From, To, new AppliedThrough(4, 11)))).Body);
    }

    [Fact]
    public void Garbage_is_refused_and_nothing_else_is_thrown()
    {
        Gen.Byte.Array[0, 80].Sample(static bytes =>
        {
            try
            {
                PeerMessage message = PeerCodec.Decode(From, To, bytes);
                Assert.Equal(bytes, Encode(message));
            }
            catch (InvalidDataException)
            {
                // As it should be.
            }
        }, iter: 20_000);
    }

    private static byte[] Encode(PeerMessage message)
    {
        var buffer = new ArrayBufferWriter<byte>();
        PeerCodec.Encode(message, buffer);
        return buffer.WrittenSpan.ToArray();
    }
}
