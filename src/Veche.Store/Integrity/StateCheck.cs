using System.IO.Hashing;
using Google.Protobuf;
using Veche.Api.Commands;
using Veche.Replica;
using Veche.Store.Engine;
using Veche.Store.Mvcc;

namespace Veche.Store.Integrity;

/// <summary>
/// A store as it is at the place of a check in the log, to be hashed: by any thread, beside whatever is applied meanwhile. What is compared is what every member
/// has there, however far it has come with clearing away compacted history.
/// </summary>
public sealed class StateCheck : IDisposable
{
    /// <summary>What is hashed, and how. Counts up whenever the same commands come to be stored in another way.</summary>
    public const uint Format = 1;

    private readonly IEngineView _view;
    private readonly long _compactRevision;
    private readonly StateHash.Types.Check _request;
    private readonly ulong _applied;
    private readonly long _appliedSince;

    internal StateCheck(IEngineView view, long index, long compactRevision, StateHash.Types.Check request, ulong applied, long appliedSince)
    {
        _view = view;
        Index = index;
        _compactRevision = compactRevision;
        _request = request;
        _applied = applied;
        _appliedSince = appliedSince;
    }

    /// <summary>Where the check is in the log.</summary>
    public long Index { get; }

    /// <summary>Reads and hashes. Reading verifies the checksums of the files on the way.</summary>
    /// <param name="member">Whose store it is.</param>
    /// <param name="state">See <see cref="StateVote.Renew"/>.</param>
    /// <exception cref="StateDamagedException">It cannot be read.</exception>
    public StateHash.Types.Report Compute(ulong member, ulong state)
    {
        var report = new StateHash.Types.Report { Member = member, State = state, Index = Index, Format = Format, Applied = _applied, AppliedSince = _appliedSince };
        try
        {
            Walk(report);
        }
        catch (InvalidProtocolBufferException exception)
        {
            throw new StateDamagedException($"a stored key-value makes no sense: {exception.Message}", exception);
        }

        return report;
    }

    /// <inheritdoc/>
    public void Dispose() => _view.Dispose();

    private void Walk(StateHash.Types.Report report)
    {
        ulong hash = 0;
        long bytes = 0;
        using IEngineIterator iterator = _view.OpenIterator();
        using IEngineIterator newest = _view.OpenIterator();
        iterator.Seek(_request.From.IsEmpty ? [0] : _request.From.Span);
        while (iterator.IsValid)
        {
            byte[] key = iterator.Key.ToArray();
            byte[] value = iterator.Value.ToArray();
            iterator.Next();
            if (!Counts(key, value, iterator, newest))
            {
                continue;
            }

            // How long the indexed key-value is was not kept in the first days; that it is a tombstone always was.
            ReadOnlySpan<byte> counted = key[0] == KeyLayout.Index ? value.AsSpan(0, 1) : value;
            hash = XxHash3.HashToUInt64(counted, (long)XxHash3.HashToUInt64(key, (long)hash));
            bytes += key.Length + value.Length;
            if (bytes >= _request.MaxBytes)
            {
                // The first key that could come after this one: not the next that is there, which is another one where something has been cleared away.
                report.Next = ByteString.CopyFrom([.. key, 0]);
                break;
            }
        }

        report.Stored = hash;
    }

    /// <summary>True for what is there on every member: not the store's own record, and no version that compaction allows to be removed.</summary>
    private bool Counts(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, IEngineIterator next, IEngineIterator newest)
    {
        switch (key[0])
        {
            case KeyLayout.Meta:
                return false;
            case KeyLayout.History:
                Revision at = Revision.Read(key[1..], out bool tombstone);
                return at.Main > _compactRevision || (!tombstone && IsKept(KeyValue(value), at, newest));
            case KeyLayout.Index:
                return KeyLayout.ReadIndexRevision(key).Main > _compactRevision
                    || (value[0] == 0 && !(next.IsValid && KeyLayout.IsSameUserKey(next.Key, key) && KeyLayout.ReadIndexRevision(next.Key).Main <= _compactRevision));
            default:
                return true;
        }
    }

    private static Api.KeyValue KeyValue(ReadOnlySpan<byte> bytes) => Api.KeyValue.Parser.ParseFrom(bytes);

    /// <summary>True when a version is its key's newest at the compacted revision.</summary>
    private bool IsKept(Api.KeyValue kv, Revision at, IEngineIterator iterator)
    {
        byte[] room = new byte[KeyLayout.MaxIndexLength(kv.Key.Length)];
        ReadOnlySpan<byte> newest = KeyLayout.WriteIndex(room, kv.Key.Span, new Revision(_compactRevision, long.MaxValue));
        iterator.SeekForPrevious(newest);
        return iterator.IsValid && iterator.Key[0] == KeyLayout.Index && KeyLayout.IsSameUserKey(iterator.Key, newest) && KeyLayout.ReadIndexRevision(iterator.Key) == at;
    }
}
