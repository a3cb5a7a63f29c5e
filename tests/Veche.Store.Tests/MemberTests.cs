using Google.Protobuf;
using Veche.Api.Commands;
using Veche.Raft;
using Veche.Replica;

namespace Veche.Store.Tests;

/// <summary>What is replicated about the members.</summary>
public sealed class MemberTests
{
    private readonly StoreHarness _harness = StoreHarness.InMemory();

    [Fact]
    public void Who_says_less_keeps_what_was_said_before()
    {
        Say(new MemberAttributes { Id = 1, Name = "a", PeerUrls = { "http://a:2380" }, ClientUrls = { "http://a:2379" }, Incarnation = 7 });
        Say(new MemberAttributes { Id = 1, ClientUrls = { "http://b:2379" } });
        MemberAttributes known = Assert.Single(_harness.Store.Members);
        Assert.Equal(("a", "http://a:2380", "http://b:2379", 7ul), (known.Name, known.PeerUrls[0], known.ClientUrls[0], known.Incarnation));
    }

    [Fact]
    public void A_member_with_another_log_than_before_is_refused_and_changes_nothing()
    {
        Say(new MemberAttributes { Id = 1, Name = "a", Incarnation = 7 });
        Assert.Same(StoreErrors.MemberLostItsDisk, Say(new MemberAttributes { Id = 1, Name = "b", Incarnation = 8 }));
        Assert.Equal(("a", 7ul), (_harness.Store.Members[0].Name, _harness.Store.Members[0].Incarnation));
    }

    [Fact]
    public void A_member_that_was_removed_never_comes_back()
    {
        Say(new MemberAttributes { Id = 1, Name = "a" });
        Change(new MembershipChange { Removed = { 1 } }, 2);
        Assert.Empty(_harness.Store.Members);
        Assert.Same(StoreErrors.MemberNotFound, Say(new MemberAttributes { Id = 1, Name = "a" }, 3));
        Assert.Equal([1ul], _harness.Store.RemovedMembers);
    }

    [Fact]
    public void Added_members_wait_until_they_are_promoted()
    {
        Change(new MembershipChange { Added = { new MemberAttributes { Id = 5, PeerUrls = { "http://e:2380" }, PromoteWhenReady = true } } }, 1);
        Assert.True(_harness.Store.Members[0].PromoteWhenReady);
        Change(new MembershipChange { Promoted = { 5 } }, 2);
        Assert.False(_harness.Store.Members[0].PromoteWhenReady);
    }

    [Fact]
    public void A_forced_cluster_removes_everybody_else()
    {
        foreach (ulong id in new ulong[] { 1, 2, 3 })
        {
            Say(new MemberAttributes { Id = id, Name = "m" }, (long)id);
        }

        int told = 0;
        _harness.Store.MembersChanged = () => told++;
        Change(new MembershipChange { Only = 2 }, 4);
        Assert.Equal(2ul, Assert.Single(_harness.Store.Members).Id);
        Assert.Equal([1ul, 3ul], _harness.Store.RemovedMembers.Order());
        Assert.Equal(1, told);
    }

    [Fact]
    public void An_image_carries_who_was_removed()
    {
        Say(new MemberAttributes { Id = 1, Name = "a" });
        Change(new MembershipChange { Removed = { 1 } }, 2);
        using var bytes = new MemoryStream();
        using (IStateImage image = _harness.Store.Capture())
        {
            image.WriteTo(bytes);
        }

        bytes.Position = 0;
        using KeyValueStore other = KeyValueStore.Open(new StoreOptions());
        other.Restore(bytes, _harness.Store.Applied);
        Assert.Equal([1ul], other.RemovedMembers);
    }

    private object? Say(MemberAttributes attributes, long index = 0)
    {
        var batch = new ApplyBatch();
        long at = index > 0 ? index : _harness.Store.Applied.Index + 1;
        batch.Add(new Committed(new LogPosition(at, 1), EntryKind.Command, new Command { Member = attributes }.ToByteArray(), WantsResult: true));
        _harness.Store.Apply(batch);
        return batch.ResultOf(0);
    }

    private void Change(MembershipChange change, long index)
    {
        var batch = new ApplyBatch();
        batch.Add(new Committed(new LogPosition(index, 1), EntryKind.Configuration, change.ToByteArray(), WantsResult: false));
        _harness.Store.Apply(batch);
    }
}
