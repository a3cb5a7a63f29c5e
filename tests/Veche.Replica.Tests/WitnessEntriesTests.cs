using Veche.Raft;

namespace Veche.Replica.Tests;

public sealed class WitnessEntriesTests
{
    [Fact]
    public void A_witness_gets_configurations_and_what_it_needs_and_of_others_that_they_are_there()
    {
        ReadOnlyMemory<byte> wanted = CommandHeader.Wrap(new MemberId(1), 5, "member"u8);
        Entry[] log =
        [
            new(1, 1, EntryKind.NoOp, default),
            new(2, 1, EntryKind.Configuration, new byte[] { 1, 2, 3 }),
            new(3, 1, EntryKind.Command, CommandHeader.Wrap(new MemberId(1), 4, "value"u8)),
            new(4, 2, EntryKind.Command, wanted),
            new(5, 2, EntryKind.Command, new byte[] { 7 }),
        ];
        Entry[] without = WitnessEntries.Of(log, static command => command.Span.SequenceEqual("member"u8));
        Assert.Equal(log.Select(static entry => (entry.Position, entry.Kind)), without.Select(static entry => (entry.Position, entry.Kind)));
        Assert.Equal([0, 3, 0, wanted.Length, 0], without.Select(static entry => entry.Data.Length));
        Assert.Equal([0, 3, 0, 0, 0], WitnessEntries.Of(log, null).Select(static entry => entry.Data.Length));
    }
}
