using System.Text;
using Google.Protobuf;
using Veche.Api.Commands;
using Veche.Raft;
using Veche.Replica;

namespace Veche.Store.Tests;

/// <summary>What of the state a witness gets.</summary>
public sealed class WitnessTests
{
    private readonly StoreHarness _harness = StoreHarness.InMemory();

    [Fact]
    public void An_image_for_a_witness_has_the_members_and_no_key_or_value()
    {
        _harness.Do(new Command { Member = new MemberAttributes { Id = 1, Name = "one", Incarnation = 7 } });
        _harness.Do(new Command { Member = new MemberAttributes { Id = 2, Name = "two" } });
        _harness.Put("a key", "a value");
        _harness.Delete("a key");
        string whole = Image(_harness.Store.Capture());
        Assert.Contains("a value", whole, StringComparison.Ordinal);
        IStateImage image = _harness.Store.CaptureForWitness();
        string without = Image(image);
        Assert.DoesNotContain("a value", without, StringComparison.Ordinal);
        Assert.DoesNotContain("a key", without, StringComparison.Ordinal);

        using StoreHarness witness = StoreHarness.InMemory();
        witness.Store.Restore(new MemoryStream(Encoding.Latin1.GetBytes(without)), _harness.Store.Applied);
        Assert.Equal(["one", "two"], witness.Store.Members.Select(static member => member.Name));
        Assert.Equal((_harness.Store.Applied, KeyValueStore.FirstRevision, 0), (witness.Store.Applied, witness.Store.CurrentRevision, witness.Store.Keys));
    }

    [Fact]
    public void An_id_that_was_removed_stays_so_at_a_witness()
    {
        _harness.Do(new Command { Member = new MemberAttributes { Id = 1, Name = "one" } });
        var batch = new ApplyBatch();
        batch.Add(new Committed(new LogPosition(2, 1), EntryKind.Configuration, new MembershipChange { Removed = { 1 } }.ToByteArray(), WantsResult: false));
        _harness.Store.Apply(batch);
        using StoreHarness witness = StoreHarness.InMemory();
        witness.Store.Restore(new MemoryStream(Encoding.Latin1.GetBytes(Image(_harness.Store.CaptureForWitness()))), _harness.Store.Applied);
        Assert.Equal([1ul], witness.Store.RemovedMembers);
    }

    [Fact]
    public void Only_commands_about_members_are_for_witnesses()
    {
        Assert.True(IsFor(new Command { Member = new MemberAttributes { Id = 1, Name = "one" } }));
        Assert.True(IsFor(new Command { MemberUpdate = new MemberUpdate { Id = 1, PeerUrls = { "http://a:1" } }, Caller = new Caller { User = "root" } }));
        Assert.False(IsFor(new Command()));
        Assert.False(IsFor(StoreHarness.PutOf("k", "v")));
        Assert.False(IsFor(new Command { Member = new MemberAttributes { Id = 1 }, SessionId = 3 }));

        // Two bodies in one: the last one counts where it is applied.
        Assert.False(_harness.Store.IsForWitnesses((byte[])[.. new Command { Member = new MemberAttributes { Id = 1 } }.ToByteArray(), .. StoreHarness.PutOf("k", "v").ToByteArray()]));
        Assert.False(_harness.Store.IsForWitnesses((byte[])[0x42, 0x7F, 1]));
        Assert.False(_harness.Store.IsForWitnesses(Enumerable.Repeat((byte)0xFF, 20).ToArray()));
    }

    private static string Image(IStateImage image)
    {
        using (image)
        {
            var stream = new MemoryStream();
            image.WriteTo(stream);
            return Encoding.Latin1.GetString(stream.ToArray());
        }
    }

    private bool IsFor(Command command) => _harness.Store.IsForWitnesses(command.ToByteArray());
}
