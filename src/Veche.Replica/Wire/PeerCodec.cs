using System.Buffers;
using Veche.Raft;

namespace Veche.Replica.Wire;

/// <summary>
/// What replicas tell each other, as bytes. Format version 1: one byte of kind, then the message's fields in order, little-endian,
/// with lengths before everything of variable length. Sender and receiver are not in it: the connection says who they are.
/// </summary>
public static class PeerCodec
{
    private const int BytesPerEntry = 8 + 8 + 1 + 4;
    private const int BytesPerCommand = 4;

    private enum Kind : byte
    {
        AppendRequest = 1,
        AppendAccepted = 2,
        AppendRejected = 3,
        Heartbeat = 4,
        HeartbeatReply = 5,
        VoteRequest = 6,
        VoteReply = 7,
        TimeoutNow = 8,
        ReadIndexRequest = 9,
        ReadIndexReply = 10,
        ForwardedCommands = 11,
        RefusedCommands = 12,

        // Only sent where an acknowledgement rule asks for it: members that do not know rules never see these.
        ReportingAppendRequest = 20,
        AppendReceived = 21,
        AppliedThrough = 22,
        RuledCommands = 23,
        AcknowledgedCommands = 24,

        ReadIndexLeaseRequest = 40,

        // Only sent to witnesses, so that neither side can take the other for something else.
        WitnessAppendRequest = 50,

        // Only sent by a member whose state is not to be trusted.
        StateWanted = 55,
    }

    /// <summary>Writes a message.</summary>
    public static void Encode(PeerMessage message, IBufferWriter<byte> destination)
    {
        var writer = new WireWriter(destination);
        switch (message.Body)
        {
            case AppendRequest append:
                Begin(writer, append.ForWitness ? Kind.WitnessAppendRequest : append.Reports == AppendReports.None ? Kind.AppendRequest : Kind.ReportingAppendRequest, append.Term);
                if (append is { ForWitness: false, Reports: not AppendReports.None })
                {
                    writer.Byte((byte)append.Reports);
                }

                writer.Position(append.Previous);
                writer.Int64(append.Commit);
                WriteEntries(writer, append.Entries);
                break;
            case AppendAccepted accepted:
                Begin(writer, Kind.AppendAccepted, accepted.Term);
                writer.Int64(accepted.Match);
                break;
            case AppendReceived received:
                Begin(writer, Kind.AppendReceived, received.Term);
                writer.Int64(received.Match);
                break;
            case AppendRejected rejected:
                Begin(writer, Kind.AppendRejected, rejected.Term);
                writer.Int64(rejected.RejectedIndex);
                writer.Position(rejected.Hint);
                break;
            case Heartbeat heartbeat:
                Begin(writer, Kind.Heartbeat, heartbeat.Term);
                writer.Int64(heartbeat.Commit);
                writer.Int64(heartbeat.Round);
                if (heartbeat.Copied > 0)
                {
                    // At the end and only where there are witnesses, so that nobody who does not know it gets it.
                    writer.Int64(heartbeat.Copied);
                }

                break;
            case HeartbeatReply reply:
                Begin(writer, Kind.HeartbeatReply, reply.Term);
                writer.Int64(reply.Round);
                if (reply.IsIll)
                {
                    // At the end and only when it says something: a version without it can read all others.
                    writer.Flag(true);
                }

                break;
            case VoteRequest request:
                Begin(writer, Kind.VoteRequest, request.Term);
                writer.Position(request.Last);
                writer.Flag(request.PreVote);
                writer.Flag(request.LeaderTransfer);
                break;
            case VoteReply reply:
                Begin(writer, Kind.VoteReply, reply.Term);
                writer.Flag(reply.Granted);
                writer.Flag(reply.PreVote);
                break;
            case TimeoutNow now:
                Begin(writer, Kind.TimeoutNow, now.Term);
                break;
            case ReadIndexRequest request:
                Begin(writer, request.AllowLease ? Kind.ReadIndexLeaseRequest : Kind.ReadIndexRequest, request.Term);
                writer.Int64(request.ReadId);
                break;
            case ReadIndexReply reply:
                Begin(writer, Kind.ReadIndexReply, reply.Term);
                writer.Int64(reply.ReadId);
                writer.Int64(reply.Index);
                writer.Flag(reply.Refused);
                break;
            case ForwardedCommands forwarded:
                writer.Byte((byte)(forwarded.Rules is null ? Kind.ForwardedCommands : Kind.RuledCommands));
                writer.Int64(forwarded.Number);
                writer.Int64(forwarded.Term);
                writer.Int32(forwarded.Commands.Count);
                for (int i = 0; i < forwarded.Commands.Count; i++)
                {
                    writer.Bytes(forwarded.Commands[i].Span);
                    if (forwarded.Rules is { } rules)
                    {
                        RuleCodec.Write(writer, rules[i]);
                    }
                }

                break;
            case AcknowledgedCommands acknowledged:
                writer.Byte((byte)Kind.AcknowledgedCommands);
                writer.Int64(acknowledged.Term);
                writer.Int32(acknowledged.Commands.Count);
                foreach ((long sequence, long index) in acknowledged.Commands)
                {
                    writer.Int64(sequence);
                    writer.Int64(index);
                }

                break;
            case AppliedThrough applied:
                writer.Byte((byte)Kind.AppliedThrough);
                writer.Int64(applied.Term);
                writer.Int64(applied.Index);
                break;
            case StateWanted wanted:
                writer.Byte((byte)Kind.StateWanted);
                writer.Int64(wanted.AtLeast);
                break;
            case RefusedCommands refused:
                writer.Byte((byte)Kind.RefusedCommands);
                writer.Int64(refused.Number);
                writer.Flag(refused.TooBusy);
                writer.Int32(refused.Sequences.Count);
                foreach (long sequence in refused.Sequences)
                {
                    writer.Int64(sequence);
                }

                break;
            default:
                throw new ArgumentException($"Unknown message {message.Body.GetType().Name}.", nameof(message));
        }
    }

    /// <summary>Reads a message. Payloads are copied once, so <paramref name="source"/> may be used again.</summary>
    /// <exception cref="InvalidDataException">The bytes are no message of this version.</exception>
    public static PeerMessage Decode(MemberId from, MemberId to, ReadOnlySpan<byte> source)
    {
        if (source.IsEmpty)
        {
            throw new InvalidDataException("an empty message");
        }

        // Only messages that carry payloads need memory that outlives the receive buffer.
        ReadOnlyMemory<byte> owned = source.ToArray();
        var reader = new WireReader(owned);
        var kind = (Kind)reader.Byte();
        PeerMessage message = kind switch
        {
            Kind.ForwardedCommands => PeerMessage.Of(from, to, ReadForwarded(ref reader, hasRules: false)),
            Kind.RuledCommands => PeerMessage.Of(from, to, ReadForwarded(ref reader, hasRules: true)),
            Kind.AcknowledgedCommands => PeerMessage.Of(from, to, ReadAcknowledged(ref reader)),
            Kind.AppliedThrough => PeerMessage.Of(from, to, new AppliedThrough(reader.Natural(), reader.Natural())),
            Kind.RefusedCommands => PeerMessage.Of(from, to, ReadRefused(ref reader)),
            Kind.StateWanted => PeerMessage.Of(from, to, new StateWanted(reader.Natural())),
            _ => PeerMessage.Of(ReadProtocol(kind, from, to, ref reader)),
        };
        reader.End();
        return message;
    }

    private static Message ReadProtocol(Kind kind, MemberId from, MemberId to, ref WireReader reader)
    {
        long term = reader.Natural();
        return kind switch
        {
            Kind.AppendRequest => ReadAppend(from, to, term, AppendReports.None, ref reader),
            Kind.WitnessAppendRequest => ReadAppend(from, to, term, AppendReports.None, ref reader) with { ForWitness = true },
            Kind.ReportingAppendRequest => ReadAppend(from, to, term, ReadReports(ref reader), ref reader),
            Kind.AppendReceived => new AppendReceived(from, to, term, reader.Natural()),
            Kind.AppendAccepted => new AppendAccepted(from, to, term, reader.Natural()),
            Kind.AppendRejected => new AppendRejected(from, to, term, reader.Natural(), reader.Position()),
            Kind.Heartbeat => new Heartbeat(from, to, term, reader.Natural(), reader.Natural()) { Copied = reader.Remaining > 0 ? reader.Natural() is > 0 and var copied ? copied : throw new InvalidDataException("an index that would not have been written") : 0 },
            Kind.HeartbeatReply => new HeartbeatReply(from, to, term, reader.Natural()) { IsIll = reader.Remaining > 0 && (reader.Flag() ? true : throw new InvalidDataException("a flag that would not have been written")) },
            Kind.VoteRequest => new VoteRequest(from, to, term, reader.Position(), reader.Flag(), reader.Flag()),
            Kind.VoteReply => new VoteReply(from, to, term, reader.Flag(), reader.Flag()),
            Kind.TimeoutNow => new TimeoutNow(from, to, term),
            Kind.ReadIndexRequest => new ReadIndexRequest(from, to, term, reader.Natural()),
            Kind.ReadIndexLeaseRequest => new ReadIndexRequest(from, to, term, reader.Natural(), AllowLease: true),
            Kind.ReadIndexReply => new ReadIndexReply(from, to, term, reader.Natural(), reader.Natural(), reader.Flag()),
            _ => throw new InvalidDataException($"a message of unknown kind {(byte)kind}"),
        };
    }

    private static void Begin(WireWriter writer, Kind kind, long term)
    {
        writer.Byte((byte)kind);
        writer.Int64(term);
    }

    private static void WriteEntries(WireWriter writer, IReadOnlyList<Entry> entries)
    {
        writer.Int32(entries.Count);
        for (int i = 0; i < entries.Count; i++)
        {
            Entry entry = entries[i];
            writer.Int64(entry.Index);
            writer.Int64(entry.Term);
            writer.Byte((byte)entry.Kind);
            writer.Bytes(entry.Data.Span);
        }
    }

    private static AppendReports ReadReports(ref WireReader reader)
    {
        var reports = (AppendReports)reader.Byte();
        return (reports & ~(AppendReports.Received | AppendReports.Applied)) == 0 && reports != AppendReports.None ? reports : throw new InvalidDataException($"unknown reports {(byte)reports} are asked for");
    }

    private static AppendRequest ReadAppend(MemberId from, MemberId to, long term, AppendReports reports, ref WireReader reader)
    {
        LogPosition previous = reader.Position();
        long commit = reader.Natural();
        var entries = new Entry[reader.Count(BytesPerEntry)];
        for (int i = 0; i < entries.Length; i++)
        {
            entries[i] = new Entry(reader.Natural(), reader.Natural(), ReadKind(ref reader), reader.Bytes());
        }

        return new AppendRequest(from, to, term, previous, previous.Index + entries.Length, commit) { Entries = entries, Reports = reports };
    }

    private static EntryKind ReadKind(ref WireReader reader)
    {
        var kind = (EntryKind)reader.Byte();
        return kind <= EntryKind.Configuration ? kind : throw new InvalidDataException($"an entry of unknown kind {(byte)kind}");
    }

    private static ForwardedCommands ReadForwarded(ref WireReader reader, bool hasRules)
    {
        long number = reader.Natural();
        long term = reader.Natural();
        var commands = new ReadOnlyMemory<byte>[reader.Count(BytesPerCommand)];
        AckRule?[]? rules = hasRules ? new AckRule?[commands.Length] : null;
        for (int i = 0; i < commands.Length; i++)
        {
            commands[i] = reader.Bytes();
            if (rules is not null)
            {
                rules[i] = RuleCodec.Read(ref reader);
            }
        }

        return new ForwardedCommands(number, term, commands) { Rules = rules };
    }

    private static AcknowledgedCommands ReadAcknowledged(ref WireReader reader)
    {
        long term = reader.Natural();
        var commands = new (long, long)[reader.Count(16)];
        for (int i = 0; i < commands.Length; i++)
        {
            commands[i] = (reader.Natural(), reader.Natural());
        }

        return new AcknowledgedCommands(term, commands);
    }

    private static RefusedCommands ReadRefused(ref WireReader reader)
    {
        long number = reader.Natural();
        bool tooBusy = reader.Flag();
        long[] sequences = new long[reader.Count(8)];
        for (int i = 0; i < sequences.Length; i++)
        {
            sequences[i] = reader.Natural();
        }

        return new RefusedCommands(number, sequences, tooBusy);
    }
}
