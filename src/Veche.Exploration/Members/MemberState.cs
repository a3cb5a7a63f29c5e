using Veche.Raft;

namespace Veche.Exploration.Members;

/// <summary>One state of one member. Whatever global states it occurs in, it is there once, and its answer to each input is found out once.</summary>
internal sealed class MemberState(int number, Machine machine, ulong[] hashes)
{
    private readonly Dictionary<int, Answer> _answers = [];

    /// <summary>In order of discovery.</summary>
    public int Number { get; } = number;

    /// <summary>Never moved: a copy of it is.</summary>
    public Machine Machine { get; } = machine;

    public RaftCore Core => Machine.Core;

    /// <summary>Hashes under each renaming of the members.</summary>
    public ulong[] Hashes { get; } = hashes;

    public bool TryAnswer(int input, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out Answer? answer) => _answers.TryGetValue(input, out answer);

    public void Remember(int input, Answer answer) => _answers.Add(input, answer);
}

/// <summary>What one input does to a member in one state.</summary>
/// <param name="Next">The state it is in then.</param>
/// <param name="Sent">Numbers of the messages it sends.</param>
/// <param name="Reads">What becomes of reads.</param>
/// <param name="Refused">It was asked for something and refused.</param>
/// <param name="Broken">The rule that it breaks by itself, or null.</param>
internal sealed record Answer(MemberState Next, int[] Sent, ReadOutcome[] Reads, bool Refused, BrokenRuleException? Broken);
