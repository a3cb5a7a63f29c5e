using System.Buffers.Binary;
using System.Text;
using Google.Protobuf;
using Veche.Api;

namespace Veche.Store.Sessions;

/// <summary>What a request came to. Kept as bytes, and given again to whoever repeats it.</summary>
/// <param name="Kind">What the answer is.</param>
/// <param name="Index">Where in the log the request was.</param>
/// <param name="Digest">Of the request, to tell another one from a retry.</param>
/// <param name="Answer">The answer.</param>
internal sealed record SessionOutcome(SessionOutcome.AnswerKind Kind, long Index, ByteString Digest, byte[] Answer)
{
    private const byte FormatVersion = 1;

    /// <summary>Numbers are on disk.</summary>
    public enum AnswerKind : byte
    {
        Error = 0,
        Put = 1,
        DeleteRange = 2,
        Txn = 3,
        Compaction = 4,
        LeaseGrant = 5,
        LeaseRevoke = 6,

        /// <summary>It happened; the answer is the revision alone.</summary>
        TooLarge = 7,

        /// <summary>It did not happen and never will.</summary>
        GivenUp = 8,
    }

    /// <summary>What it counts towards the limit.</summary>
    public long Bytes => SessionLimits.OverheadBytes + Digest.Length + Answer.Length;

    /// <summary>Revision after it, when that is known.</summary>
    public long Revision => Kind switch
    {
        AnswerKind.Error or AnswerKind.GivenUp => 0,
        AnswerKind.TooLarge => BinaryPrimitives.ReadInt64LittleEndian(Answer),
        _ => HeaderOf(ToAnswer()).Revision,
    };

    /// <summary>The outcome of a request that was done.</summary>
    public static SessionOutcome Of(object answer, long index, ByteString digest)
    {
        if (answer is StoreError error)
        {
            byte[] text = new byte[1 + Encoding.UTF8.GetByteCount(error.Message)];
            text[0] = (byte)error.Code;
            Encoding.UTF8.GetBytes(error.Message, text.AsSpan(1));
            return new SessionOutcome(AnswerKind.Error, index, digest, text);
        }

        AnswerKind kind = answer switch
        {
            PutResponse => AnswerKind.Put,
            DeleteRangeResponse => AnswerKind.DeleteRange,
            TxnResponse => AnswerKind.Txn,
            CompactionResponse => AnswerKind.Compaction,
            LeaseGrantResponse => AnswerKind.LeaseGrant,
            LeaseRevokeResponse => AnswerKind.LeaseRevoke,
            _ => throw new ArgumentException($"No answer of a session: {answer.GetType().Name}.", nameof(answer)),
        };
        var message = (IMessage)answer;
        if (message.CalculateSize() <= SessionLimits.MaxAnswerBytes)
        {
            return new SessionOutcome(kind, index, digest, message.ToByteArray());
        }

        byte[] revision = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(revision, HeaderOf(answer).Revision);
        return new SessionOutcome(AnswerKind.TooLarge, index, digest, revision);
    }

    /// <summary>The answer, as it was given the first time.</summary>
    public object ToAnswer() => Kind switch
    {
        AnswerKind.Error => new StoreError((StoreErrorCode)Answer[0], Encoding.UTF8.GetString(Answer.AsSpan(1))),
        AnswerKind.Put => PutResponse.Parser.ParseFrom(Answer),
        AnswerKind.DeleteRange => DeleteRangeResponse.Parser.ParseFrom(Answer),
        AnswerKind.Txn => TxnResponse.Parser.ParseFrom(Answer),
        AnswerKind.Compaction => CompactionResponse.Parser.ParseFrom(Answer),
        AnswerKind.LeaseGrant => LeaseGrantResponse.Parser.ParseFrom(Answer),
        AnswerKind.LeaseRevoke => LeaseRevokeResponse.Parser.ParseFrom(Answer),
        AnswerKind.TooLarge => SessionErrors.AnswerNotKept(Revision),
        AnswerKind.GivenUp => SessionErrors.GivenUp,
        _ => throw new InvalidDataException($"an outcome of unknown kind {(byte)Kind} is kept; start the version that wrote it, or a later one"),
    };

    public byte[] Encode()
    {
        byte[] bytes = new byte[1 + 1 + 8 + 1 + Digest.Length + Answer.Length];
        bytes[0] = FormatVersion;
        bytes[1] = (byte)Kind;
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(2), Index);
        bytes[10] = (byte)Digest.Length;
        Digest.Span.CopyTo(bytes.AsSpan(11));
        Answer.CopyTo(bytes.AsSpan(11 + Digest.Length));
        return bytes;
    }

    public static SessionOutcome Decode(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < 11 || bytes[0] != FormatVersion || bytes.Length < 11 + bytes[10])
        {
            throw new InvalidDataException("an outcome of a client's session is damaged, or of a later version. Start that version, or remove this member and add it anew with an empty directory.");
        }

        int digestLength = bytes[10];
        return new SessionOutcome((AnswerKind)bytes[1], BinaryPrimitives.ReadInt64LittleEndian(bytes[2..]), ByteString.CopyFrom(bytes.Slice(11, digestLength)), bytes[(11 + digestLength)..].ToArray());
    }

    private static ResponseHeader HeaderOf(object answer) => answer switch
    {
        PutResponse put => put.Header,
        DeleteRangeResponse delete => delete.Header,
        TxnResponse txn => txn.Header,
        CompactionResponse compaction => compaction.Header,
        LeaseGrantResponse grant => grant.Header,
        LeaseRevokeResponse revoke => revoke.Header,
        _ => throw new ArgumentException($"No answer of a session: {answer.GetType().Name}.", nameof(answer)),
    };
}
