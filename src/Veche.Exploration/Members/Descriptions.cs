using Veche.Raft;

namespace Veche.Exploration.Members;

/// <summary>Entries and messages as numbers.</summary>
internal static class Descriptions
{
    public static void Describe(this StateWriter writer, ReadOnlySpan<Entry> entries)
    {
        writer.Number(entries.Length);
        foreach (Entry entry in entries)
        {
            writer.Number(entry.Index);
            writer.Number(entry.Term);
            writer.Number((long)entry.Kind);
            if (entry.Kind == EntryKind.Configuration && ConfigurationEntry.TryDecode(entry.Data, out Configuration? configuration, out _))
            {
                writer.Configuration(configuration);
            }
            else
            {
                writer.Number(CommandOf(entry));
            }
        }
    }

    /// <summary>The number of the command in an entry, 0 when there is none.</summary>
    public static long CommandOf(in Entry entry) => entry.Kind == EntryKind.Command ? entry.Data.Span[0] : 0;

    public static void Describe(this StateWriter writer, Message message)
    {
        writer.Member(message.From);
        writer.Member(message.To);
        writer.Number(message.Term);
        switch (message)
        {
            case AppendRequest append:
                writer.Number(1);
                writer.Number(append.Previous.Index);
                writer.Number(append.Previous.Term);
                writer.Number(append.LastIndex);
                writer.Number(append.Commit);
                writer.Describe([.. append.Entries]);
                break;
            case AppendAccepted accepted:
                writer.Number(2);
                writer.Number(accepted.Match);
                break;
            case AppendRejected rejected:
                writer.Number(3);
                writer.Number(rejected.RejectedIndex);
                writer.Number(rejected.Hint.Index);
                writer.Number(rejected.Hint.Term);
                break;
            case Heartbeat heartbeat:
                writer.Number(4);
                writer.Number(heartbeat.Commit);
                writer.Number(heartbeat.Round);
                break;
            case HeartbeatReply reply:
                writer.Number(5);
                writer.Number(reply.Round);
                break;
            case VoteRequest request:
                writer.Number(6);
                writer.Number(request.Last.Index);
                writer.Number(request.Last.Term);
                writer.Flag(request.PreVote);
                writer.Flag(request.LeaderTransfer);
                break;
            case VoteReply reply:
                writer.Number(7);
                writer.Flag(reply.Granted);
                writer.Flag(reply.PreVote);
                break;
            case TimeoutNow:
                writer.Number(8);
                break;
            case ReadIndexRequest request:
                writer.Number(9);
                writer.Number(request.ReadId);
                break;
            case ReadIndexReply reply:
                writer.Number(10);
                writer.Number(reply.ReadId);
                writer.Number(reply.Index);
                writer.Flag(reply.Refused);
                break;
            default:
                throw new ArgumentException($"Unknown message {message.GetType().Name}.", nameof(message));
        }
    }
}
