using Google.Protobuf;
using Google.Protobuf.Collections;
using Veche.Api.Commands;
using Veche.Store.Engine;

namespace Veche.Store.Mvcc;

/// <summary>What is known of the members. Who they are is the log's own configuration; this is what people and clients call them, and where they are.</summary>
internal sealed partial class MvccWriter
{
    private readonly Dictionary<ulong, MemberAttributes?> _members = [];

    /// <summary>Something about the members has changed.</summary>
    public bool ChangedMembers => _members.Count > 0;

    /// <summary>What a member says about itself.</summary>
    public object SetMember(MemberAttributes request)
    {
        if (IsRemoved(request.Id))
        {
            return StoreErrors.MemberNotFound;
        }

        MemberAttributes changed = FindMember(request.Id)?.Clone() ?? new MemberAttributes { Id = request.Id };
        if (request.Incarnation != 0 && changed.Incarnation != 0 && request.Incarnation != changed.Incarnation)
        {
            // What it had promised is forgotten. Nothing that it says now may make the others forget that.
            return StoreErrors.MemberLostItsDisk;
        }

        changed.Name = request.Name.Length > 0 ? request.Name : changed.Name;
        changed.Incarnation = request.Incarnation != 0 ? request.Incarnation : changed.Incarnation;
        changed.Zone = request.Zone.Length > 0 ? request.Zone : changed.Zone;
        Replace(changed.PeerUrls, request.PeerUrls);
        Replace(changed.ClientUrls, request.ClientUrls);
        KeepMember(changed);
        return changed;
    }

    /// <summary>Where a member is reached from now on.</summary>
    public object UpdateMember(MemberUpdate request)
    {
        if (IsRemoved(request.Id))
        {
            return StoreErrors.MemberNotFound;
        }

        MemberAttributes changed = FindMember(request.Id)?.Clone() ?? new MemberAttributes { Id = request.Id };
        Replace(changed.PeerUrls, request.PeerUrls);
        KeepMember(changed);
        return changed;
    }

    /// <summary>The context of a change of the configuration.</summary>
    public void ChangeMembership(ReadOnlySpan<byte> context)
    {
        MembershipChange change;
        try
        {
            change = MembershipChange.Parser.ParseFrom(context);
        }
        catch (InvalidProtocolBufferException)
        {
            // Not of ours; the configuration itself is the log's to know, and the same for everybody.
            return;
        }

        foreach (MemberAttributes added in change.Added)
        {
            KeepMember(added);
        }

        foreach (ulong promoted in change.Promoted)
        {
            if (FindMember(promoted) is { } member)
            {
                MemberAttributes voter = member.Clone();
                voter.PromoteWhenReady = false;
                KeepMember(voter);
            }
        }

        foreach (ulong removed in change.Removed)
        {
            RemoveMember(removed);
        }

        if (change.Only != 0)
        {
            foreach (ulong other in AllMembers())
            {
                if (other != change.Only)
                {
                    RemoveMember(other);
                }
            }
        }
    }

    private MemberAttributes? FindMember(ulong id) =>
        _members.TryGetValue(id, out MemberAttributes? member) ? member
        : View.Get(KeyLayout.MemberKey(id)) is { } known ? MemberAttributes.Parser.ParseFrom(known)
        : null;

    /// <summary>An id is never used again.</summary>
    private bool IsRemoved(ulong id) =>
        _members.TryGetValue(id, out MemberAttributes? member) ? member is null : View.Get(KeyLayout.RemovedKey(id)) is not null;

    private void KeepMember(MemberAttributes member)
    {
        _members[member.Id] = member;
        engine.Batch.Put(KeyLayout.MemberKey(member.Id), member.ToByteArray());
    }

    private void RemoveMember(ulong id)
    {
        _members[id] = null;
        engine.Batch.Delete(KeyLayout.MemberKey(id));
        engine.Batch.Put(KeyLayout.RemovedKey(id), default);
    }

    private SortedSet<ulong> AllMembers()
    {
        SortedSet<ulong> ids = [];
        using IEngineIterator iterator = View.OpenIterator();
        for (iterator.Seek([KeyLayout.Member]); iterator.IsValid && iterator.Key[0] == KeyLayout.Member; iterator.Next())
        {
            ids.Add(MemberAttributes.Parser.ParseFrom(iterator.Value).Id);
        }

        foreach ((ulong id, MemberAttributes? member) in _members)
        {
            if (member is null)
            {
                ids.Remove(id);
            }
            else
            {
                ids.Add(id);
            }
        }

        return ids;
    }

    private static void Replace(RepeatedField<string> old, RepeatedField<string> given)
    {
        if (given.Count > 0)
        {
            old.Clear();
            old.AddRange(given);
        }
    }
}
