using Veche.Raft;

namespace Veche.Replica;

/// <summary>Something one replica tells another: exactly one of its parts is set.</summary>
public readonly record struct PeerMessage
{
    private PeerMessage(MemberId from, MemberId to, object body)
    {
        From = from;
        To = to;
        Body = body;
    }

    /// <summary>Sender.</summary>
    public MemberId From { get; }

    /// <summary>Receiver.</summary>
    public MemberId To { get; }

    /// <summary>A <see cref="Message"/>, <see cref="ForwardedCommands"/>, <see cref="RefusedCommands"/>, <see cref="AcknowledgedCommands"/>, <see cref="AppliedThrough"/> or <see cref="StateWanted"/>.</summary>
    public object Body { get; }

    /// <summary>A message of the protocol.</summary>
    public static PeerMessage Of(Message message) => new(message.From, message.To, message);

    /// <summary>Commands for the leader.</summary>
    public static PeerMessage Of(MemberId from, MemberId to, ForwardedCommands commands) => new(from, to, commands);

    /// <summary>Commands that the receiver of a forward did not propose.</summary>
    public static PeerMessage Of(MemberId from, MemberId to, RefusedCommands commands) => new(from, to, commands);

    /// <summary>Commands that have reached their rules.</summary>
    public static PeerMessage Of(MemberId from, MemberId to, AcknowledgedCommands commands) => new(from, to, commands);

    /// <summary>How far a member has applied.</summary>
    public static PeerMessage Of(MemberId from, MemberId to, AppliedThrough applied) => new(from, to, applied);

    /// <summary>A member asks for another one's state.</summary>
    public static PeerMessage Of(MemberId from, MemberId to, StateWanted wanted) => new(from, to, wanted);
}

/// <summary>Commands that a member passes on to the one it believes to lead.</summary>
/// <param name="Number">Counts the sender's forwards upward, across its restarts, so that a repeated one is recognised and not proposed twice.</param>
/// <param name="Term">The term in which the receiver is believed to lead. Its process may have been started since, and then cannot know whether it has proposed them before.</param>
/// <param name="Commands">Entry payloads with their headers.</param>
public sealed record ForwardedCommands(long Number, long Term, IReadOnlyList<ReadOnlyMemory<byte>> Commands)
{
    /// <summary>When each is to be acknowledged, beside <see cref="Commands"/>; null, the default, when none of them has a rule.</summary>
    public IReadOnlyList<AckRule?>? Rules { get; init; }
}

/// <summary>Forwarded commands that were not proposed, so that their sender may try elsewhere.</summary>
/// <param name="Number">Counts the sender's messages upward, across its restarts, so that a repeated refusal is not taken for one of a later forward of the same command. 0 when the message was made by its receiver, because a forward could not leave.</param>
/// <param name="Sequences">Their numbers.</param>
/// <param name="TooBusy">True when the leader had too much to do; false when it does not lead.</param>
public sealed record RefusedCommands(long Number, IReadOnlyList<long> Sequences, bool TooBusy);
