using Veche.Raft;

namespace Veche.Exploration.Members;

/// <summary>Every state of a member that was reached, and what inputs do to it. Here the real core runs.</summary>
internal sealed class MemberTable(Scenario scenario, Symmetry symmetry, MessageTable messages)
{
    private readonly Dictionary<Numbers, MemberState> _states = [];
    private readonly StateWriter _writer = new();

    /// <summary>Different states of one member.</summary>
    public int Count => _states.Count;

    /// <summary>Steps of the real core: each input to each state of a member once.</summary>
    public long Steps { get; private set; }

    public MemberState Founding(int place) => StateOf(new Machine(scenario, Scenario.IdOf(place)));

    public Answer AnswerOf(MemberState member, Move move)
    {
        if (!member.TryAnswer(move.Input, out Answer? answer))
        {
            Steps++;
            answer = Find(member, move);
            member.Remember(move.Input, answer);
        }

        return answer;
    }

    private Answer Find(MemberState member, Move move)
    {
        Machine machine = member.Machine.Copy();
        BrokenRuleException? broken = null;
        try
        {
            machine.Do(move, messages);
            MemberRules.Check(member.Machine, machine, move.Kind);
        }
        catch (BrokenRuleException exception)
        {
            broken = exception;
        }
        catch (InvariantBrokenException exception)
        {
            broken = new BrokenRuleException("a member finds the protocol broken and stops", $"{member.Core.Id}: {exception.Message}");
        }
        catch (ArgumentException exception)
        {
            broken = new BrokenRuleException("a member refuses what it was handed", $"{member.Core.Id}: {exception.Message}");
        }

        int[] sent = [.. machine.Sent.Select(messages.NumberOf).Distinct()];
        ReadOutcome[] reads = [.. machine.Reads];
        bool refused = machine.Refused;
        machine.Sent.Clear();
        machine.Reads.Clear();
        return new Answer(StateOf(machine), sent, reads, refused, broken);
    }

    private MemberState StateOf(Machine machine)
    {
        _writer.Reset(symmetry.Renaming(0));
        machine.Describe(_writer);
        var key = new Numbers(_writer);
        if (!_states.TryGetValue(key, out MemberState? state))
        {
            ulong[] hashes = new ulong[symmetry.Count];
            for (int i = 0; i < hashes.Length; i++)
            {
                _writer.Reset(symmetry.Renaming(i));
                machine.Describe(_writer);
                hashes[i] = StateWriter.Mix(_writer.Hash() ^ 0x6D65_6D62_6572);
            }

            state = new MemberState(_states.Count, machine, hashes);
            _states.Add(key, state);
        }

        return state;
    }
}
