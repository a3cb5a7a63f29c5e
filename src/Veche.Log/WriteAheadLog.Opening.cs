using Veche.Raft;

namespace Veche.Log;

/// <summary>Opening a log: reading everything, and judging what a crash or a disk has done to it (see <see cref="RecoveryTable"/>).</summary>
public sealed partial class WriteAheadLog
{
    /// <summary>Opens the log of a directory, or begins one when there is none.</summary>
    /// <exception cref="LogOpenException">It cannot be used as it is; the message says why and what to do.</exception>
    public static LogRecovery Open(IDisk disk, LogOptions options)
    {
        if (options.SegmentBytes is < LogOptions.MinSegmentBytes or > LogOptions.MaxSegmentBytes)
        {
            throw new ArgumentOutOfRangeException(nameof(options), options.SegmentBytes, $"A segment has {LogOptions.MinSegmentBytes} to {LogOptions.MaxSegmentBytes} bytes.");
        }

        List<Segment> segments = [];
        try
        {
            foreach (string name in disk.List())
            {
                if (Segment.TryParse(name, out long sequence))
                {
                    IDiskFile file = disk.Open(name);
                    segments.Add(new Segment(sequence, file, file.Length));
                }
            }

            segments.Sort(static (left, right) => left.Sequence.CompareTo(right.Sequence));
            return new Opening(disk, options, segments).Run();
        }
        catch
        {
            foreach (Segment segment in segments)
            {
                segment.Dispose();
            }

            throw;
        }
    }

    /// <summary>One attempt to open a log.</summary>
    private sealed class Opening(IDisk disk, LogOptions options, List<Segment> segments)
    {
        private const int ReadChunkBytes = 1 << 20;

        /// <summary>Where each record of the segment being read ends, by the running hash after it.</summary>
        private readonly Dictionary<ulong, int> _ends = [];

        /// <summary>The segment being read: one for all, since a segment is tens of megabytes.</summary>
        private byte[] _bytes = [];

        /// <summary>Where the zeros begin that nobody has written over.</summary>
        private int _bytesUsed;

        private LogReplay? _replay;
        private int _provenEnd;
        private long _cutBytes;
        private int _cutEnd;
        private long _end;
        private int _badAt;

        public LogRecovery Run()
        {
            DropUnbornSegment();
            if (segments.Count == 0)
            {
                Begin();
            }

            for (int i = 0; i < segments.Count; i++)
            {
                ReadSegment(i);
            }

            RaftStart start = _replay!.ToStart()
                ?? throw new LogDamagedException($"the log begins with {segments[0].Name}, but nothing says that a snapshot covers what was before it: files are missing.", WhatToDo);
            return new LogRecovery(new WriteAheadLog(disk, options, _replay, segments, _end), start, _cutBytes) { End = (segments[^1].Name, _end) };
        }

        private const string WhatToDo = "Restore the whole directory from one backup, or remove this member and add it anew with an empty directory.";

        /// <summary>A crash while the newest segment was being made leaves it without a head, and without anything that was ever acknowledged.</summary>
        private void DropUnbornSegment()
        {
            if (segments.Count == 0)
            {
                return;
            }

            Segment newest = segments[^1];
            byte[] bytes = ReadAll(newest);
            if (SegmentHeader.TryDecode(bytes, newest.Name) is not null)
            {
                return;
            }

            int used = bytes.AsSpan().TrimEnd((byte)0).Length;
            HashSet<ulong> durableBefore = DurableChains(bytes);
            if (durableBefore.Count > 0 && !(segments.Count > 1 && durableBefore.Count == 1 && ChainAtEnd(segments[^2]) is { } end && durableBefore.Contains(end)))
            {
                throw new LogDamagedException($"{newest.Name} has records but its head is damaged.", WhatToDo);
            }

            if (segments.Count == 1 && newest.Sequence > 1)
            {
                throw new LogDamagedException($"{newest.Name} is the only file of the log and its head is damaged.", WhatToDo);
            }

            newest.Dispose();
            segments.RemoveAt(segments.Count - 1);
            disk.Delete(newest.Name);
            disk.SyncDirectory();
            _cutBytes += used;
        }

        /// <summary>
        /// What was durable when the records of a file without a head were written. A head and the first records behind it are one write: if
        /// they all say that nothing was durable but what stands in the file before, that write was torn, and nobody was told of it.
        /// </summary>
        private static HashSet<ulong> DurableChains(byte[] bytes)
        {
            HashSet<ulong> chains = [];
            for (int offset = 0; offset + Record.HeaderLength <= bytes.Length; offset += 8)
            {
                if (Record.TryRead(bytes.AsSpan(offset), out Record record))
                {
                    chains.Add(record.DurableChain);
                }
            }

            return chains;
        }

        /// <summary>Running hash after the last record of a file that follows those before it; null when its head is damaged.</summary>
        private ulong? ChainAtEnd(Segment segment)
        {
            byte[] bytes = ReadAll(segment);
            if (SegmentHeader.TryDecode(bytes, segment.Name) is not { } header)
            {
                return null;
            }

            ulong chain = header.Chain;
            for (int offset = header.Encode().Length; Record.TryRead(bytes.AsSpan(offset), out Record record) && record.Follows(chain, bytes.AsSpan(offset)); offset += record.Size)
            {
                chain = record.Chain;
            }

            return chain;
        }

        private void Begin()
        {
            var header = new SegmentHeader(options.Identity, 1, 0, default, options.InitialBase, options.InitialBase.Position);
            using var spare = new SpareSegment(disk, options.SegmentBytes);
            byte[] head = header.Encode();
            Segment first = spare.Take(1, head.Length + HardStateReserveBytes);
            first.File.Write(0, head);
            first.File.Sync();
            segments.Add(first);
        }

        private void ReadSegment(int number)
        {
            Segment segment = segments[number];
            byte[] bytes = ReadAll(segment);
            SegmentHeader header = SegmentHeader.TryDecode(bytes, segment.Name) ?? throw new LogDamagedException($"the head of {segment.Name} is damaged.", WhatToDo);
            if (header.Identity != options.Identity)
            {
                throw new WrongIdentityException($"the log belongs to {header.Identity}, not to {options.Identity}. Give this member its own data directory, or start it with the name, addresses and cluster token it was created with.");
            }

            if (_replay is null)
            {
                _replay = new LogReplay(header);
            }
            else if (segment.Sequence != segments[number - 1].Sequence + 1 || header.Chain != _replay.Chain)
            {
                throw new LogDamagedException($"{segment.Name} does not follow the records before it: some of them are missing or damaged.", WhatToDo);
            }

            int offset = header.Encode().Length;
            _end = offset;
            _ends.Clear();

            // A head is made durable together with the first records behind it: one that says no more than that what was before the segment
            // was durable proves nothing of the head.
            _ends[header.Chain] = 0;
            _provenEnd = 0;
            while (TryTake(segment, bytes, ref offset))
            {
            }

            if (number == segments.Count - 1)
            {
                End(segment, bytes);
                MakeDurable(segment, bytes);
            }
            else if (_replay.HasUnfinishedWrite)
            {
                throw new LogDamagedException($"{segment.Name} ends in the middle of a write, but another file follows.", WhatToDo);
            }
        }

        private bool TryTake(Segment segment, byte[] bytes, ref int offset)
        {
            ReadOnlySpan<byte> rest = bytes.AsSpan(offset);
            if (!Record.TryRead(rest, out Record record) || !record.Follows(_replay!.WrittenChain, rest))
            {
                _badAt = offset;
                return false;
            }

            var location = new RecordLocation(segment, offset, record.Size, record.Term);
            if (!_replay.Take(record, location, bytes.AsMemory(offset + Record.HeaderLength, record.PayloadLength)))
            {
                throw new LogDamagedException($"the record at byte {offset} of {segment.Name} is whole but makes no sense there.", WhatToDo);
            }

            // What was durable when this was written needs no more care.
            _provenEnd = _ends.GetValueOrDefault(record.DurableChain, _provenEnd);
            offset += record.Size;
            _ends[record.Chain] = offset;
            if (record.EndsWrite)
            {
                _end = offset;
            }

            return true;
        }

        /// <summary>Judges what follows the last good record of the newest segment.</summary>
        private void End(Segment segment, byte[] bytes)
        {
            int from = _badAt;
            ReadOnlySpan<byte> rest = bytes.AsSpan(from);
            Finding finding = rest.IsEmpty || rest[..Math.Min(Record.HeaderLength, rest.Length)].IndexOfAnyExcept((byte)0) < 0 ? Finding.Blank : Finding.Bad;
            switch (RecoveryTable.Judge(finding, LookBehind(bytes, from)))
            {
                case Verdict.Damaged:
                    throw new LogDamagedException($"{segment.Name} is damaged at byte {from}, and later records show that what was there had been durable.", WhatToDo);
                case Verdict.CutTornTail:
                    Cut(bytes);
                    break;
                case Verdict.End:
                    // Nothing whole follows, but pieces of a write whose beginning was lost may.
                    Cut(bytes);
                    break;
            }
        }

        /// <summary>
        /// What was read may be known to the system's memory only: the process before this one may have been killed before its sync, or
        /// stopped because the sync failed, after which the system takes what it could not write for written. So everything that no later
        /// record proves durable is written once more, as it is, and synced, before any of it is acknowledged.
        /// </summary>
        /// <remarks>What was cut off is part of it: zeros, and durable ones, before anything new is written, for half of an old write must never follow a new one.</remarks>
        private void MakeDurable(Segment segment, byte[] bytes)
        {
            segment.File.Write(_provenEnd, bytes.AsSpan(_provenEnd, Math.Max((int)_end, _cutEnd) - _provenEnd));
            segment.File.Sync();
            disk.SyncDirectory();
        }

        private Behind LookBehind(byte[] bytes, int from)
        {
            Behind behind = Behind.Nothing;
            int used = bytes.AsSpan().TrimEnd((byte)0).Length;
            for (int offset = from; offset < used && offset + Record.HeaderLength <= bytes.Length; offset += 8)
            {
                if (Record.TryRead(bytes.AsSpan(offset), out Record record))
                {
                    if (!_replay!.Knows(record.DurableChain))
                    {
                        return Behind.Later;
                    }

                    behind = Behind.SameBatch;
                }
            }

            return behind;
        }

        private void Cut(byte[] bytes)
        {
            _replay!.DropUnfinished();
            int used = bytes.AsSpan().TrimEnd((byte)0).Length;
            int end = (int)_end;
            if (used > end)
            {
                bytes.AsSpan(end, used - end).Clear();
                _cutEnd = used;
                _cutBytes += used - end;
            }
        }

        /// <summary>What was ever written to a segment, and some zeros after it so that its end is seen; most of a young segment is zeros that need no memory.</summary>
        private byte[] ReadAll(Segment segment)
        {
            byte[] chunk = new byte[(int)Math.Min(ReadChunkBytes, segment.Length)];
            long end = segment.Length;
            int used = 0;
            while (end > 0 && used == 0)
            {
                long start = Math.Max(0, end - chunk.Length);
                Span<byte> part = chunk.AsSpan(0, (int)(end - start));
                ReadExactly(segment, start, part);
                used = part.TrimEnd((byte)0).Length;
                end = used == 0 ? start : start + used;
            }

            // The zeros behind are part of it: the last record may end in them.
            int length = checked((int)segment.Length);
            if (_bytes.Length != length)
            {
                (_bytes, _bytesUsed) = (new byte[length], 0);
            }

            ReadExactly(segment, 0, _bytes.AsSpan(0, (int)end));
            _bytes.AsSpan((int)end, Math.Max(0, _bytesUsed - (int)end)).Clear();
            _bytesUsed = (int)end;
            return _bytes;
        }

        private static void ReadExactly(Segment segment, long offset, Span<byte> bytes)
        {
            if (segment.File.Read(offset, bytes) != bytes.Length)
            {
                throw new LogDamagedException($"{segment.Name} is shorter than its length says.", WhatToDo);
            }
        }
    }
}
