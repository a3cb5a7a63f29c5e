using Veche.Exploration.Members;
using Veche.Raft;

namespace Veche.Exploration.Search;

/// <summary>Everything that can happen next in a state.</summary>
internal sealed class Moves(Scenario scenario, MessageTable messages)
{
    public void Add(GlobalState state, List<Move> moves)
    {
        for (int place = 0; place < state.Members.Length; place++)
        {
            AddTimes(state, place, moves);
            AddRequests(state, place, moves);
            AddDisk(state, place, moves);
        }

        foreach (int message in state.Network)
        {
            moves.Add(new Move(MoveKind.Deliver, messages.ReceiverOf(message), message));
        }
    }

    private void AddTimes(GlobalState state, int place, List<Move> moves)
    {
        RaftCore core = state.Members[place].Core;
        if (core.Role == Role.Leader)
        {
            AddOnce(state, MoveKind.Heartbeat, place, moves);
            AddOnce(state, MoveKind.CheckQuorum, place, moves);
            return;
        }

        int timeOuts = state.Spent[MoveKind.TimeOut];
        if (core.Term < scenario.MaxTerm && (timeOuts >= scenario.TimeOutsAt.Count || scenario.TimeOutsAt[timeOuts] == place))
        {
            AddOnce(state, MoveKind.TimeOut, place, moves);
        }

        if (core.HeardLeaderLately)
        {
            AddOnce(state, MoveKind.Silence, place, moves);
        }
    }

    private void AddRequests(GlobalState state, int place, List<Move> moves)
    {
        Spent spent = state.Spent;
        AddOnce(state, MoveKind.Read, place, moves, spent[MoveKind.Read] + 1);
        if (state.Members[place].Core.Role != Role.Leader)
        {
            return;
        }

        AddOnce(state, MoveKind.Propose, place, moves, spent[MoveKind.Propose] + 1);
        if (spent[MoveKind.Change] < scenario.Changes.Count)
        {
            AddOnce(state, MoveKind.Change, place, moves, spent[MoveKind.Change]);
        }

        for (int to = 0; to < state.Members.Length; to++)
        {
            if (to != place)
            {
                AddOnce(state, MoveKind.Transfer, place, moves, to);
            }
        }
    }

    private void AddDisk(GlobalState state, int place, List<Move> moves)
    {
        int underWay = state.Members[place].Machine.Pending.Length;
        if (underWay > 0)
        {
            moves.Add(new Move(MoveKind.Persist, place, 0));
        }

        for (int surviving = 0; surviving <= underWay; surviving++)
        {
            AddOnce(state, MoveKind.Crash, place, moves, surviving);
        }
    }

    private void AddOnce(GlobalState state, MoveKind kind, int place, List<Move> moves, int argument = 0)
    {
        if (state.Spent[kind] < scenario.Limit(kind))
        {
            moves.Add(new Move(kind, place, argument));
        }
    }
}
