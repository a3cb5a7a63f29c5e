using System.Collections.Concurrent;
using Google.Protobuf;
using Veche.Api.Commands;
using Veche.Api.Membership;
using Veche.Hosting;
using Veche.Raft;

namespace Veche.Server.Membership;

/// <summary>Keeps connections in line with what is replicated about the members: where they are, who is welcome, and whether this one still is.</summary>
internal sealed class MembershipFollower(MemberContext member)
{
    /// <summary>Those seen in this process: until the log says with which disk a member began, the first one counts.</summary>
    private readonly ConcurrentDictionary<MemberId, ulong> _seen = [];

    private readonly ConcurrentDictionary<ulong, bool> _gone = [];
    private ReplicaHost? _host;

    /// <summary>Whether a member that connects may speak.</summary>
    public PeerVerdict Judge(MemberId from, ulong incarnation)
    {
        if (member.Store.RemovedMembers.Contains(from.Value))
        {
            return PeerVerdict.Removed;
        }

        ulong known = member.Store.Members.FirstOrDefault(attributes => attributes.Id == from.Value)?.Incarnation ?? 0;
        if (known == 0)
        {
            known = _seen.GetOrAdd(from, incarnation);
        }

        return known == incarnation ? PeerVerdict.Welcome : PeerVerdict.LostItsDisk;
    }

    /// <summary>What somebody who wants to join is told.</summary>
    public ReadOnlyMemory<byte> Describe()
    {
        if (_host is null)
        {
            return default;
        }

        var description = new ClusterDescription { ClusterId = member.Identity.ClusterId };
        description.Members.AddRange(member.ListMembers());
        description.Witnesses.AddRange(member.Host.Status.Configuration.Witnesses.Select(static witness => witness.Value));
        return description.ToByteArray();
    }

    /// <summary>The host runs: tell it everything that is known.</summary>
    public void Begin(ReplicaHost host)
    {
        _host = host;
        Look();
    }

    /// <summary>Something about the members has changed. Called on the thread that applies.</summary>
    public void Look()
    {
        if (_host is not { } host)
        {
            return;
        }

        foreach (MemberAttributes attributes in member.Store.Members)
        {
            if (attributes.PeerUrls.Count > 0)
            {
                host.SetAddress(new MemberId(attributes.Id), PeerUrls.EndpointOf(attributes.PeerUrls[0]));
            }

            if (attributes.Incarnation != 0 && _seen.TryRemove(new MemberId(attributes.Id), out ulong seen) && seen != attributes.Incarnation)
            {
                host.Disconnect(new MemberId(attributes.Id));
            }
        }

        foreach (ulong removed in member.Store.RemovedMembers)
        {
            if (_gone.TryAdd(removed, true))
            {
                // Whoever waits for the answer to the removal, and the member that was removed, hear of it first.
                _ = LeaveAsync(host, new MemberId(removed));
            }
        }
    }

    private async Task LeaveAsync(ReplicaHost host, MemberId removed)
    {
        await Task.Delay(member.Options.ElectionTimeoutMs).ConfigureAwait(false);
        if (removed == member.Identity.Self)
        {
            host.Expel(PeerVerdict.Removed);
        }
        else
        {
            host.Disconnect(removed);
        }
    }
}
