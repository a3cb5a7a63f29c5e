using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Google.Protobuf;
using Grpc.Core;
using Veche.Api;
using Veche.Api.Commands;
using Veche.Api.Members;
using Veche.Api.Membership;
using Veche.Hosting;
using Veche.Raft;
using Status = Grpc.Core.Status;

namespace Veche.Server.Membership;

/// <summary>
/// Changes who the members are. The leader judges and carries out; other members pass the wish on. A new voter begins as a learner and becomes a voter
/// when it has caught up, so that one that never starts does not count against those that decide; clients see a voter from the beginning, as with etcd.
/// </summary>
internal sealed class MembershipChanges(MemberContext member) : IAsyncDisposable
{
    /// <summary>First byte of a call between members that is about membership.</summary>
    public const byte CallKind = 80;

    private const int LookIntervalMs = 100;
    private const long CaughtUpBytes = 1 << 20;

    /// <summary>A learner is in sync when it has this part of the leader's log, as etcd has it.</summary>
    private const double InSync = 0.9;

    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _one = new(1, 1);
    private Task _promoting = Task.CompletedTask;

    public void Start() => _promoting = Task.Run(PromoteThoseWhoCaughtUpAsync);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _promoting.ConfigureAwait(false);
        _stop.Dispose();
    }

    /// <summary>Has a change made, by this member or by the one that leads.</summary>
    /// <exception cref="RpcException">It was refused, or nobody knows whether it happened.</exception>
    public async Task<MembershipReply> ChangeAsync(MembershipRequest request, CancellationToken cancellationToken)
    {
        long deadlineNs = MemberContext.NowNs + ((5000 + (2L * member.Options.ElectionTimeoutMs)) * 1_000_000L);
        byte[] call = [CallKind, .. request.ToByteArray()];
        while (true)
        {
            MembershipReply? reply = await AskLeaderAsync(request, call, cancellationToken).ConfigureAwait(false);
            if (reply is { NotLeader: false })
            {
                return reply.Code == 0 ? reply : throw new RpcException(new Status((StatusCode)reply.Code, reply.Text));
            }

            if (MemberContext.NowNs >= deadlineNs)
            {
                throw Errors.NoLeader();
            }

            await Task.Delay(LookIntervalMs, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Answers a member that passes on a change.</summary>
    public async ValueTask<ReadOnlyMemory<byte>> HandleAsync(ReadOnlyMemory<byte> call, CancellationToken cancellationToken) =>
        (await DoAsync(MembershipRequest.Parser.ParseFrom(call.Span[1..]), cancellationToken).ConfigureAwait(false)).ToByteArray();

    /// <summary>The answer of the leader; null when it was certainly not asked.</summary>
    private async Task<MembershipReply?> AskLeaderAsync(MembershipRequest request, byte[] call, CancellationToken cancellationToken)
    {
        MemberId leader = member.Host.Status.Leader;
        if (leader == member.Identity.Self)
        {
            return await DoAsync(request, cancellationToken).ConfigureAwait(false);
        }

        if (leader.IsNone)
        {
            return null;
        }

        try
        {
            ReadOnlyMemory<byte> answer = await member.Host.CallAsync(leader, call, cancellationToken).ConfigureAwait(false);
            return MembershipReply.Parser.ParseFrom(answer.Span);
        }
        catch (RefusedException exception) when (exception.Reason == RefusalReason.Unreachable)
        {
            return null;
        }
        catch (RefusedException exception)
        {
            throw Errors.Of(exception);
        }
    }

    private async Task<MembershipReply> DoAsync(MembershipRequest request, CancellationToken cancellationToken)
    {
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _stop.Token);
        await _one.WaitAsync(linked.Token).ConfigureAwait(false);
        try
        {
            // Everything that was decided before is applied here, and this member still leads.
            await member.Host.ReadBarrierAsync(linked.Token).ConfigureAwait(false);
            if (member.Host.Status.Role != Raft.Role.Leader)
            {
                return new MembershipReply { NotLeader = true };
            }

            Status? refused = request.ChangeCase switch
            {
                MembershipRequest.ChangeOneofCase.Add => await AddAsync(request.Add, isWitness: false, linked.Token).ConfigureAwait(false),
                MembershipRequest.ChangeOneofCase.AddWitness => await AddAsync(request.AddWitness, isWitness: true, linked.Token).ConfigureAwait(false),
                MembershipRequest.ChangeOneofCase.Remove => await RemoveAsync(request.Remove, linked.Token).ConfigureAwait(false),
                MembershipRequest.ChangeOneofCase.Update => await UpdateAsync(request.Update, linked.Token).ConfigureAwait(false),
                MembershipRequest.ChangeOneofCase.Tune => await TuneAsync(request.Tune, linked.Token).ConfigureAwait(false),
                MembershipRequest.ChangeOneofCase.Promote => await PromoteAsync(request.Promote, linked.Token).ConfigureAwait(false),
                _ => new Status(StatusCode.Unimplemented, "veche: a change of a later version"),
            };
            if (refused is { } status)
            {
                return new MembershipReply { Code = (int)status.StatusCode, Text = status.Detail };
            }

            var reply = new MembershipReply();
            reply.Members.AddRange(member.ListMembers());
            return reply;
        }
        catch (RefusedException exception) when (exception.Reason == RefusalReason.NotLeader)
        {
            return new MembershipReply { NotLeader = true };
        }
        catch (Exception exception) when (exception is RefusedException or OutcomeUnknownException)
        {
            Status status = Errors.Of(exception).Status;
            return new MembershipReply { Code = (int)status.StatusCode, Text = status.Detail };
        }
        finally
        {
            _one.Release();
        }
    }

    private async Task<Status?> AddAsync(Member wanted, bool isWitness, CancellationToken cancellationToken)
    {
        if (!PeerUrls.TryNormalize(wanted.PeerURLs, out List<string>? urls))
        {
            return MembershipErrors.BadUrls;
        }

        List<Member> members = member.ListMembers();
        int voters = members.Count(static known => !known.IsLearner) + 1;
        Configuration configuration = member.Host.Status.Configuration;
        if (!wanted.IsLearner && !configuration.Quorums.Fit(voters, out string? unsafeSizes))
        {
            return new Status(StatusCode.FailedPrecondition, $"veche: {unsafeSizes}; change the sizes first, with veche member quorum");
        }

        // Those that are about to vote are counted: each of them will.
        int witnesses = members.Count(known => !known.IsLearner && configuration.IsWitness(new MemberId(known.ID))) + (isWitness ? 1 : 0);
        if (!wanted.IsLearner && !configuration.Quorums.Fit(voters, witnesses, out string? tooMany))
        {
            return new Status(StatusCode.FailedPrecondition, $"veche: {tooMany}; add members with data first");
        }

        if (member.Options.StrictReconfigCheck && ReconfigurationCheck.Add(members, ConnectedFor, wanted.IsLearner) is { } refused)
        {
            return refused;
        }

        if (members.Any(known => known.PeerURLs.Intersect(urls, StringComparer.Ordinal).Any()))
        {
            return MembershipErrors.PeerUrlExists;
        }

        if (wanted.IsLearner && members.Count(static known => known.IsLearner) >= member.Options.MaxLearners)
        {
            return MembershipErrors.TooManyLearners;
        }

        var added = new MemberAttributes { Id = NewId(urls), PromoteWhenReady = !wanted.IsLearner };
        added.PeerUrls.AddRange(urls);
        var change = new MembershipChange();
        change.Added.Add(added);
        var id = new MemberId(added.Id);
        await ConfigureAsync(ConfigurationChange.Of(ConfigurationOperation.AddLearner, id, change.ToByteArray()) with { Witnesses = isWitness ? [id] : [] }, cancellationToken).ConfigureAwait(false);
        return null;
    }

    private async Task<Status?> RemoveAsync(ulong id, CancellationToken cancellationToken)
    {
        List<Member> members = member.ListMembers();
        if (members.All(known => known.ID != id))
        {
            return MembershipErrors.NotFound;
        }

        if (member.Options.StrictReconfigCheck && ReconfigurationCheck.Remove(members, ConnectedFor, id) is { } refused)
        {
            return refused;
        }

        var change = new MembershipChange();
        change.Removed.Add(id);
        await ConfigureAsync(ConfigurationOperation.Remove, id, change, cancellationToken).ConfigureAwait(false);
        return null;
    }

    private async Task<Status?> UpdateAsync(MemberUpdateRequest wanted, CancellationToken cancellationToken)
    {
        if (!PeerUrls.TryNormalize(wanted.PeerURLs, out List<string>? urls))
        {
            return MembershipErrors.BadUrls;
        }

        List<Member> members = member.ListMembers();
        if (members.All(known => known.ID != wanted.ID))
        {
            return MembershipErrors.NotFound;
        }

        if (members.Any(known => known.ID != wanted.ID && known.PeerURLs.Intersect(urls, StringComparer.Ordinal).Any()))
        {
            return MembershipErrors.PeerUrlExists;
        }

        var update = new MemberUpdate { Id = wanted.ID };
        update.PeerUrls.AddRange(urls);
        await member.Host.ProposeAsync(new Command { MemberUpdate = update }.ToBuffer(), cancellationToken).ConfigureAwait(false);
        return null;
    }

    private async Task<Status?> PromoteAsync(ulong id, CancellationToken cancellationToken)
    {
        List<Member> members = member.ListMembers();
        Member? wanted = members.Find(known => known.ID == id);
        if (wanted is null || !wanted.IsLearner)
        {
            return wanted is null ? MembershipErrors.NotFound : MembershipErrors.NotLearner;
        }

        MemberStatus status = member.Host.Status;
        if (status.Followers.FirstOrDefault(follower => follower.Id.Value == id) is not { } progress || progress.Match < status.LastIndex * InSync)
        {
            return MembershipErrors.LearnerNotReady;
        }

        if (member.Options.StrictReconfigCheck && ReconfigurationCheck.Promote(members) is { } refused)
        {
            return refused;
        }

        await PromoteAnywayAsync(id, cancellationToken).ConfigureAwait(false);
        return null;
    }

    private async Task PromoteAnywayAsync(ulong id, CancellationToken cancellationToken)
    {
        var change = new MembershipChange();
        change.Promoted.Add(id);
        await ConfigureAsync(ConfigurationOperation.Promote, id, change, cancellationToken).ConfigureAwait(false);
        member.Meters.LearnersPromoted.Inc();
    }

    /// <summary>Who should lead, and how many decide.</summary>
    private async Task<Status?> TuneAsync(TuneRequest wanted, CancellationToken cancellationToken)
    {
        ConfigurationChange change;
        switch (wanted.ChangeCase)
        {
            case TuneRequest.ChangeOneofCase.Priority:
                var id = new MemberId(wanted.Priority.Id);
                if (!member.Host.Status.Configuration.Contains(id))
                {
                    return MembershipErrors.NotFound;
                }

                change = ConfigurationChange.OfPriority(id, wanted.Priority.Priority);
                break;
            case TuneRequest.ChangeOneofCase.Quorums:
                change = ConfigurationChange.OfQuorums(new QuorumSizes(wanted.Quorums.Election, wanted.Quorums.Commit));
                break;
            default:
                return new Status(StatusCode.Unimplemented, "veche: a change of a later version");
        }

        await ConfigureAsync(change, cancellationToken).ConfigureAwait(false);
        return null;
    }

    private Task ConfigureAsync(ConfigurationOperation operation, ulong id, MembershipChange change, CancellationToken cancellationToken) =>
        ConfigureAsync(ConfigurationChange.Of(operation, new MemberId(id), change.ToByteArray()), cancellationToken);

    private Task ConfigureAsync(ConfigurationChange change, CancellationToken cancellationToken)
    {
        Configuration current = member.Host.Status.Configuration;

        // The protocol judges too, but has no words.
        return current.IsJoint || change.TryApply(current, out _, out string? reason)
            ? member.Host.ChangeConfigurationAsync(change, cancellationToken)
            : throw new RefusedException(RefusalReason.ConfigurationInvalid, "veche: " + reason);
    }

    private async Task PromoteThoseWhoCaughtUpAsync()
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(LookIntervalMs));
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token).ConfigureAwait(false))
            {
                MemberStatus status = member.Host.Status;
                if (status.Role == Raft.Role.Leader && member.Store.Members.FirstOrDefault(waiting => IsReady(waiting, status)) is { } ready)
                {
                    await TryPromoteAsync(ready.Id).ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The member stops.
        }
    }

    /// <summary>It has started, answers, and lacks next to nothing.</summary>
    private static bool IsReady(MemberAttributes waiting, MemberStatus status) =>
        waiting.PromoteWhenReady && waiting.Name.Length > 0 && status.Configuration.IsLearner(new MemberId(waiting.Id))
        && status.Followers.FirstOrDefault(follower => follower.Id.Value == waiting.Id) is { RecentlyActive: true, State: "replicate" } progress && progress.LagBytes <= CaughtUpBytes;

    private async Task TryPromoteAsync(ulong id)
    {
        await _one.WaitAsync(_stop.Token).ConfigureAwait(false);
        try
        {
            await PromoteAnywayAsync(id, _stop.Token).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is RefusedException or OutcomeUnknownException)
        {
            // Another change is under way, or another member leads now: whoever leads looks again.
        }
        finally
        {
            _one.Release();
        }
    }

    private TimeSpan? ConnectedFor(ulong id) => id == member.Identity.Self.Value ? TimeSpan.MaxValue : member.ConnectedFor(new MemberId(id));

    [SuppressMessage("Security", "CA5350", Justification = "An id, not a secret: made the way etcd makes it.")]
    private ulong NewId(IEnumerable<string> urls)
    {
        // With the time in it, so that a member that comes back to an old address is another one.
        for (long now = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds(); ; now++)
        {
            string text = string.Concat(urls.Order(StringComparer.Ordinal)) + now.ToString(CultureInfo.InvariantCulture);
            ulong id = BinaryPrimitives.ReadUInt64BigEndian(SHA1.HashData(Encoding.UTF8.GetBytes(text)));
            if (id != 0 && !member.Store.RemovedMembers.Contains(id) && !member.Host.Status.Configuration.Contains(new MemberId(id)))
            {
                return id;
            }
        }
    }
}
