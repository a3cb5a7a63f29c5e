using Veche.Raft;

namespace Veche.Exploration.Members;

/// <summary>Every message that was ever sent, once, by number.</summary>
internal sealed class MessageTable(Symmetry symmetry)
{
    private readonly Dictionary<Numbers, int> _numbers = [];
    private readonly List<(Message Message, int Receiver, bool IsAnswer, ulong[] Hashes)> _messages = [];
    private readonly StateWriter _writer = new();

    public int Count => _messages.Count;

    public Message this[int number] => _messages[number].Message;

    /// <summary>Place of the member it is for.</summary>
    public int ReceiverOf(int number) => _messages[number].Receiver;

    /// <summary>
    /// It is an answer, or an order, from a term that its receiver has left for good, and so will be ignored for ever. A question of that term
    /// would still be answered.
    /// </summary>
    public bool IsDead(int number, MemberState receiver) =>
        _messages[number].IsAnswer && _messages[number].Message.Term < receiver.Machine.DurableState.Term;

    /// <summary>Hashes of the message under each renaming of the members.</summary>
    public ulong[] HashesOf(int number) => _messages[number].Hashes;

    public int NumberOf(Message message)
    {
        _writer.Reset(symmetry.Renaming(0));
        _writer.Describe(message);
        var key = new Numbers(_writer);
        if (!_numbers.TryGetValue(key, out int number))
        {
            number = _messages.Count;
            if (number > Move.MaxArgument)
            {
                throw new InvalidOperationException("There are more different messages than an exploration can number.");
            }

            _numbers.Add(key, number);
            _messages.Add((message, (int)message.To.Value - 1, message is not (AppendRequest or Heartbeat or VoteRequest or ReadIndexRequest), HashesOf(message)));
        }

        return number;
    }

    private ulong[] HashesOf(Message message)
    {
        ulong[] hashes = new ulong[symmetry.Count];
        for (int i = 0; i < hashes.Length; i++)
        {
            _writer.Reset(symmetry.Renaming(i));
            _writer.Describe(message);
            hashes[i] = StateWriter.Mix(_writer.Hash() ^ 0x6D65_7373_6167_6573);
        }

        return hashes;
    }
}
