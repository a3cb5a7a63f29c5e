using Veche.Exploration.Members;
using Veche.Raft;

namespace Veche.Exploration.Search;

/// <summary>What can follow what, in one scenario.</summary>
internal sealed class Universe
{
    private readonly Scenario _scenario;
    private readonly Symmetry _symmetry;
    private readonly Moves _moves;
    private readonly Judge _judge;
    private readonly bool _begun;

    public Universe(Scenario scenario, bool useSymmetry = true)
    {
        scenario.Validate();
        _scenario = scenario;
        _symmetry = new Symmetry(scenario.Members, useSymmetry ? Alike(scenario) : []);
        Messages = new MessageTable(_symmetry);
        Members = new MemberTable(scenario, _symmetry, Messages);
        _moves = new Moves(scenario, Messages);
        _judge = new Judge(scenario, _symmetry);
        First = Begin();
        _begun = true;
    }

    public MessageTable Messages { get; }

    public MemberTable Members { get; }

    /// <summary>Where it begins.</summary>
    public GlobalState First { get; }

    public void AddMoves(GlobalState state, List<Move> moves) => _moves.Add(state, moves);

    /// <summary>The state after a move, or null when the move does nothing or leads out of the bounds.</summary>
    /// <exception cref="BrokenRuleException">The move breaks a rule.</exception>
    public GlobalState? After(GlobalState state, Move move)
    {
        MemberState member = state.Members[move.Member];
        Answer answer = Members.AnswerOf(member, move);
        if (answer.Broken is { } broken)
        {
            throw broken;
        }

        if (answer.Refused || answer.Next.Core.Term > _scenario.MaxTerm || DoesNothing(state, member, answer))
        {
            return null;
        }

        if (_begun && state.Spent[MoveKind.Deliver] >= _scenario.MaxAppends && IsAppend(move))
        {
            return null;
        }

        Past past = _judge.Check(state, move, answer);
        return state.After(move.Member, answer, NetworkAfter(state, move, answer), past, IsCounted(move) ? state.Spent.Plus(move.Kind) : state.Spent, Messages);
    }

    private int[] NetworkAfter(GlobalState state, Move move, Answer answer)
    {
        int moved = move.Member;
        long termBefore = state.Members[moved].Machine.DurableState.Term;
        bool forgets = answer.Next.Machine.DurableState.Term > termBefore;

        // Each copy of a question for a read index would begin a round of its own, without end; so it arrives once.
        bool consumes = move.Kind == MoveKind.Deliver && Messages[move.Argument] is ReadIndexRequest;
        if (answer.Sent.Length == 0 && !forgets && !consumes)
        {
            return state.Network;
        }

        var network = new List<int>(state.Network.Length + answer.Sent.Length);
        foreach (int message in state.Network)
        {
            if (!(consumes && message == move.Argument) && !(forgets && Messages.ReceiverOf(message) == moved && IsForgotten(message, answer.Next)))
            {
                network.Add(message);
            }
        }

        int kept = network.Count;
        foreach (int message in answer.Sent)
        {
            if (!state.Network.Contains(message) && !IsForgotten(message, state.Members[Messages.ReceiverOf(message)]))
            {
                network.Add(message);
            }
        }

        return kept == state.Network.Length && network.Count == kept ? state.Network : [.. network];
    }

    /// <summary>A message that is ignored for ever need not be remembered; that it is ignored now is tried.</summary>
    private bool IsForgotten(int message, MemberState receiver)
    {
        if (!Messages.IsDead(message, receiver))
        {
            return false;
        }

        Answer answer = Members.AnswerOf(receiver, new Move(MoveKind.Deliver, Messages.ReceiverOf(message), message));
        return answer.Next == receiver && answer.Sent.Length == 0 && answer.Broken is null
            ? true
            : throw new BrokenRuleException("an answer to an earlier term is ignored (Raft §5.1)", $"{receiver.Core.Id} in term {receiver.Core.Term} acts on {Messages[message].GetType().Name} of term {Messages[message].Term}");
    }

    private bool DoesNothing(GlobalState state, MemberState member, Answer answer)
    {
        if (answer.Next != member)
        {
            return false;
        }

        foreach (int message in answer.Sent)
        {
            if (!state.Network.Contains(message) && !Messages.IsDead(message, state.Members[Messages.ReceiverOf(message)]))
            {
                return false;
            }
        }

        // A read that is refused at once leaves no trace; one that is granted at once is judged.
        return answer.Reads.All(static read => read.Refusal != Refusal.None);
    }

    // What is not bounded is not counted, for states that differ only in a count are different.
    private bool IsCounted(Move move) => move.Kind switch
    {
        MoveKind.Deliver => _scenario.MaxAppends is not null && IsAppend(move),
        MoveKind.Persist => false,
        _ => _scenario.Limit(move.Kind) != int.MaxValue,
    };

    private bool IsAppend(Move move) => move.Kind == MoveKind.Deliver && Messages[move.Argument] is AppendRequest;

    private GlobalState Begin()
    {
        GlobalState state = GlobalState.Initial([.. Enumerable.Range(0, _scenario.Members).Select(Members.Founding)], Past.None(_scenario, _symmetry));
        if (!_scenario.BeginsLed)
        {
            return state;
        }

        // Everything that is sent arrives once, in order, until nothing is left to do.
        state = After(state, new Move(MoveKind.TimeOut, 0, 0)) ?? state;
        int arrived = 0;
        while (true)
        {
            int busy = Array.FindIndex(state.Members, static member => member.Machine.Pending.Length > 0);
            if (busy >= 0)
            {
                state = After(state, new Move(MoveKind.Persist, busy, 0)) ?? state;
            }
            else if (arrived < state.Network.Length)
            {
                int message = state.Network[arrived++];
                state = After(state, new Move(MoveKind.Deliver, Messages.ReceiverOf(message), message)) ?? state;
            }
            else
            {
                return state.Settled();
            }
        }
    }

    /// <summary>The places of members that the scenario does not name.</summary>
    private static IReadOnlyList<int> Alike(Scenario scenario)
    {
        HashSet<MemberId> named = [.. scenario.Changes.SelectMany(static change => change.Operations).Select(static operation => operation.Member),
            .. scenario.Changes.SelectMany(static change => change.Priorities).Select(static given => given.Member), .. scenario.Priorities.Select(static given => Scenario.IdOf(given.Place)), .. scenario.Witnesses.Select(Scenario.IdOf)];
        return [.. Enumerable.Range(0, scenario.Voters).Where(place => !scenario.TimeOutsAt.Contains(place) && !named.Contains(Scenario.IdOf(place)))];
    }
}
