using Veche.Api;
using Veche.Cli.Client;

namespace Veche.Cli.Members;

/// <summary>What a replacement has to do next.</summary>
internal enum ReplaceStep
{
    /// <summary>The old one is down: it goes first, since a cluster with a voter down admits nobody, and without it no fewer may fail.</summary>
    RemoveOldFirst,

    /// <summary>The new one is told to the cluster, as a learner.</summary>
    Add,

    /// <summary>The new one catches up and is given its vote.</summary>
    Promote,

    /// <summary>The new one votes: the old one goes.</summary>
    RemoveOld,

    /// <summary>Nothing.</summary>
    Done,
}

/// <summary>
/// Decides by the members there are and nothing else, so that a replacement that was interrupted goes on from where it stands. At no step do
/// fewer failures than before stop the cluster: the one that comes has no vote before it has everything, the one that goes keeps its own till then.
/// </summary>
/// <param name="OldName">The id or the name of the member that goes.</param>
/// <param name="NewName">The name of the one that comes.</param>
/// <param name="NewUrls">Where the one that comes is reached.</param>
/// <param name="WasRemoved">Whoever asks knows that the old one is gone already.</param>
internal sealed record ReplacePlan(string OldName, string NewName, IReadOnlyList<string> NewUrls, bool WasRemoved)
{
    public Member? FindNew(IEnumerable<Member> members) => members.FirstOrDefault(member => IsAtNewPlace(member) && !IsOldInPlace(member));

    public Member? FindOld(IReadOnlyList<Member> members)
    {
        List<Member> others = [.. members.Where(member => member != FindNew(members))];
        List<Member> found = [.. others.Where(member => Texts.Id(member.ID) == OldName)];
        found = found.Count > 0 ? found : [.. others.Where(member => member.Name.Length > 0 && member.Name == OldName)];
        return found.Count > 1 ? throw new CommandFailedException(ExitCode.Usage, $"several members have the name '{OldName}': say its id, which `veche member list` shows") : found.FirstOrDefault();
    }

    /// <summary>The next step.</summary>
    /// <param name="members">All.</param>
    /// <param name="healthy">Those that answer and know a leader.</param>
    /// <exception cref="CommandFailedException">It would not be safe, or makes no sense.</exception>
    public ReplaceStep Next(IReadOnlyList<Member> members, IReadOnlySet<ulong> healthy)
    {
        Member? old = FindOld(members);
        Member? come = FindNew(members);
        if (come is { IsLearner: true })
        {
            return ReplaceStep.Promote;
        }

        if (come is not null)
        {
            return old is null ? ReplaceStep.Done : ReplaceStep.RemoveOld;
        }

        if (old is null)
        {
            return WasRemoved ? ReplaceStep.Add : throw Refuse($"no member has the id or name '{OldName}', and none is at {string.Join(',', NewUrls)}: `veche member list` shows them. If an earlier run has removed it already, say --removed");
        }

        CheckBeginning(members, healthy, old);
        return healthy.Contains(old.ID) ? ReplaceStep.Add : ReplaceStep.RemoveOldFirst;
    }

    private static CommandFailedException Refuse(string message) => new(ExitCode.Refused, message);

    private static string Display(Member member) => member.Name.Length > 0 ? member.Name : Texts.Id(member.ID);

    private bool IsAtNewPlace(Member member) => member.PeerURLs.Order(StringComparer.Ordinal).SequenceEqual(NewUrls.Order(StringComparer.Ordinal));

    /// <summary>The new one may come to the place of the old one, whose id then tells them apart; a learner is never the old one.</summary>
    private bool IsOldInPlace(Member member) => Texts.Id(member.ID) == OldName || (member.Name == OldName && !member.IsLearner);

    private void CheckBeginning(IReadOnlyList<Member> members, IReadOnlySet<ulong> healthy, Member old)
    {
        if (old.IsLearner)
        {
            throw Refuse($"{Display(old)} is a learner and has no vote to hand on: remove it (`veche member remove {Texts.Id(old.ID)}`) and add another");
        }

        if (members.FirstOrDefault(static member => member.IsLearner) is { } learner)
        {
            throw Refuse($"there is a learner already ({Display(learner)}, {string.Join(',', learner.PeerURLs)}): promote or remove it first");
        }

        if (members.FirstOrDefault(member => member != old && !healthy.Contains(member.ID)) is { } down)
        {
            throw Refuse($"{Display(down)} does not answer at {(down.ClientURLs.Count > 0 ? string.Join(',', down.ClientURLs) : "any client URL")}, or knows no leader. Everyone but the one that is replaced has to be well: see `veche status`");
        }

        bool oldIsWell = healthy.Contains(old.ID);
        if (!oldIsWell && healthy.Count < (members.Count / 2) + 1)
        {
            throw Refuse($"{healthy.Count} of {members.Count} members are well, which is no quorum: nothing can be changed. docs/operations.md says how a cluster that lost it is restored");
        }

        if (oldIsWell && IsAtNewPlace(old))
        {
            throw Refuse($"{Display(old)} is well, and the new one cannot be at {string.Join(',', NewUrls)} at the same time: give it another --peer-urls, or stop {Display(old)} first");
        }

        if (members.Any(member => member.Name == NewName && (member != old || oldIsWell)))
        {
            throw Refuse($"a member has the name '{NewName}' already: choose another --name");
        }
    }
}
