using CsCheck;
using Veche.Raft;
using static Veche.Log.Tests.LogHarness;

namespace Veche.Log.Tests;

public sealed class WriteAheadLogTests
{
    [Fact]
    public void What_was_synced_is_there_after_a_crash()
    {
        var disk = new MemoryDisk(canCrash: true);
        using (WriteAheadLog log = Open(disk).Log)
        {
            log.Write(new LogWrite { WriteId = 1, HardState = new HardState(3, new MemberId(2)) });
            log.Write(Entries(2, 1, 3, 10, 0, 300));
            log.Sync();
            log.Write(Entries(3, 4, 3, 10));
        }

        LogRecovery recovered = Open(disk.Crash(static () => false));
        Assert.Equal(new HardState(3, new MemberId(2)), recovered.Start.HardState);
        Assert.Equal(new LogPosition(3, 3), recovered.Log.Last);
        Assert.Equal([10, 0, 300], ReadAll(recovered.Log).Select(static entry => entry.Data.Length));
        Assert.Equal(Payload(3, 3, 300), ReadAll(recovered.Log)[2].Data.ToArray());
        Assert.Equal([1L, 2, 3], recovered.Start.Entries.Select(static entry => entry.Index));
    }

    [Fact]
    public void Many_writes_cost_one_sync()
    {
        var disk = new MemoryDisk();
        using WriteAheadLog log = Open(disk).Log;
        long before = disk.SyncCount;
        for (int i = 1; i <= 50; i++)
        {
            log.Write(Entries(i, i, 1, 100));
        }

        log.Sync();
        Assert.Equal(before + 1, disk.SyncCount);
    }

    /// <summary>Of a write that was interrupted the beginning may be lost and a later piece kept. No whole record shows, yet nothing of it may stay.</summary>
    [Fact]
    public void Pieces_of_a_write_whose_beginning_was_lost_do_not_stay()
    {
        var disk = new MemoryDisk();
        using (WriteAheadLog log = LogHarness.Open(disk).Log)
        {
            log.Write(LogHarness.Entries(1, 1, 1, 100));
            log.Sync();
        }

        string name = LogHarness.NewestSegment(disk);
        byte[] bytes = disk.ReadAll(name);
        int end = bytes.AsSpan().TrimEnd((byte)0).Length;
        bytes.AsSpan(end + 512, 700).Fill(0xC3);
        disk.Replace(name, bytes);
        LogRecovery recovery = LogHarness.Open(disk);
        using (recovery.Log)
        {
            Assert.Equal(1, recovery.Log.Last.Index);
            Assert.DoesNotContain((byte)0xC3, disk.ReadAll(name)[end..]);
        }
    }

    /// <summary>The last write is cut at every byte, and what remains behind the cut is zeros or garbage: always exactly the writes before it are there.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(0xA5)]
    public void A_write_torn_at_any_byte_is_cut_whole(byte filler)
    {
        var disk = new MemoryDisk();
        WriteAheadLog log = Open(disk).Log;
        log.Write(Entries(1, 1, 1, 40, 41));
        log.Sync();
        int end = Used(disk);
        log.Write(new LogWrite { WriteId = 2, HardState = new HardState(2, new MemberId(3)), Entries = Entries(2, 3, 2, 50, 60).Entries });
        log.Sync();
        string name = NewestSegment(disk);
        byte[] whole = disk.ReadAll(name);

        // The zeros that fill up the last record (60 bytes of payload, 4 of filling) carry nothing.
        int last = Used(disk) - 4;
        for (int cut = end; cut < last; cut++)
        {
            byte[] torn = [.. whole];
            torn.AsSpan(cut, last - cut).Fill(filler);
            if (torn.AsSpan().SequenceEqual(whole))
            {
                continue;
            }

            var damaged = new MemoryDisk();
            damaged.Replace(name, torn);
            LogRecovery recovered = Open(damaged);
            Assert.True(recovered.Log.Last == new LogPosition(2, 1), $"cut at {cut}: {recovered.Log.Last}");
            Assert.Equal(default, recovered.Start.HardState);

            // And what is written next is not confused with what was cut.
            recovered.Log.Write(Entries(1, 3, 4, 20));
            recovered.Log.Sync();
            LogRecovery again = Open(damaged);
            Assert.Equal(new LogPosition(3, 4), again.Log.Last);
            Assert.Equal(0, again.TornTailBytesCut);
        }
    }

    [Fact]
    public void Any_flipped_bit_before_the_last_write_is_found()
    {
        var disk = new MemoryDisk();
        int end;
        using (WriteAheadLog log = Open(disk).Log)
        {
            log.Write(Entries(1, 1, 1, 20, 21));
            log.Sync();
            end = Used(disk);
            log.Write(Entries(2, 3, 1, 22));
            log.Sync();
        }

        string name = NewestSegment(disk);
        byte[] whole = disk.ReadAll(name);
        for (int at = 0; at < end; at++)
        {
            byte[] flipped = [.. whole];
            flipped[at] ^= (byte)(1 << (at % 8));
            var damaged = new MemoryDisk();
            damaged.Replace(name, flipped);
            Exception? thrown = Xunit.Record.Exception(() => Open(damaged));
            bool padding = thrown is null && at > 0;
            if (padding)
            {
                // Only the zeros that fill a record up to eight bytes carry nothing.
                Assert.Equal(0, whole[at]);
                Assert.Equal(new LogPosition(3, 1), Open(damaged).Log.Last);
            }
            else
            {
                Assert.IsAssignableFrom<LogOpenException>(thrown);
            }
        }
    }

    [Fact]
    public void After_a_clean_end_even_the_last_write_is_known_to_have_been_durable()
    {
        var disk = new MemoryDisk();
        int at;
        using (WriteAheadLog log = Open(disk).Log)
        {
            log.Write(Entries(1, 1, 1, 40));
            log.Sync();
            at = Used(disk) - 10;
        }

        byte[] bytes = disk.ReadAll(NewestSegment(disk));
        bytes[at] ^= 1;
        disk.Replace(NewestSegment(disk), bytes);
        Assert.Throws<LogDamagedException>(() => Open(disk));
    }

    /// <summary>Its checksum is right and it would make sense there; only the running hash tells.</summary>
    [Theory]
    [InlineData((byte)RecordType.HardState)]
    [InlineData((byte)RecordType.Entry)]
    public void An_older_record_in_the_place_of_a_newer_one_is_found(byte type)
    {
        var disk = new MemoryDisk();
        using (WriteAheadLog log = Open(disk).Log)
        {
            log.Write(new LogWrite { WriteId = 1, HardState = new HardState(3, new MemberId(2)) });
            log.Write(Entries(2, 1, 3, 100));
            log.Sync();
            log.Write(new LogWrite { WriteId = 3, HardState = new HardState(4, new MemberId(3)), KeepThrough = 0, Entries = Entries(3, 1, 4, 100).Entries });
            log.Sync();
            log.Write(Entries(4, 2, 4, 100));
            log.Sync();
        }

        string name = NewestSegment(disk);
        byte[] bytes = disk.ReadAll(name);
        List<(int Offset, int Size)> places = [];
        for (int offset = SegmentHeader.TryDecode(bytes, name)!.Encode().Length; Record.TryRead(bytes.AsSpan(offset), out Record record); offset += record.Size)
        {
            if ((byte)record.Type == type)
            {
                places.Add((offset, record.Size));
            }
        }

        Assert.Equal(places[0].Size, places[1].Size);
        bytes.AsSpan(places[0].Offset, places[0].Size).CopyTo(bytes.AsSpan(places[1].Offset));
        disk.Replace(name, bytes);
        Assert.Throws<LogDamagedException>(() => Open(disk));
    }

    [Fact]
    public void Damage_of_an_entry_that_is_read_back_is_found()
    {
        var disk = new MemoryDisk();
        using WriteAheadLog log = Open(disk).Log;
        log.Write(Entries(1, 1, 1, 200));
        log.Sync();
        string name = NewestSegment(disk);
        using IDiskFile file = disk.Open(name);
        file.Write(Used(disk) - 20, [0xFF]);
        Assert.Throws<LogDamagedException>(() => ReadAll(log));
    }

    [Fact]
    public void The_recovery_table_has_a_line_for_everything()
    {
        foreach (Finding finding in Enum.GetValues<Finding>())
        {
            foreach (Behind behind in Enum.GetValues<Behind>())
            {
                Verdict verdict = RecoveryTable.Judge(finding, behind);
                Assert.Equal(finding != Finding.Good && behind == Behind.Later, verdict == Verdict.Damaged);
                Assert.Equal(finding == Finding.Good, verdict == Verdict.Accept);
            }
        }
    }

    [Fact]
    public void Segments_follow_each_other_and_go_when_compacted()
    {
        var disk = new MemoryDisk(canCrash: true);
        using WriteAheadLog log = Open(disk).Log;
        log.Write(new LogWrite { WriteId = 1, HardState = new HardState(5, new MemberId(2)) });
        for (int i = 1; i <= 100; i++)
        {
            log.PrepareNextSegment();
            log.Write(Entries(i + 1, i, 5, 4000));
            log.Sync();
        }

        int before = disk.List().Count;
        Assert.True(before > 5, $"{before} files");
        log.Compact(new LogPosition(90, 5), Members);
        Assert.True(disk.List().Count < before - 3);
        List<Entry> none = [];
        Assert.Equal(0, log.Read(90, 100, long.MaxValue, none));
        LogRecovery recovered = Open(disk.Crash(static () => false));
        Assert.Equal(new LogPosition(90, 5), recovered.Log.Base);
        Assert.Equal(new LogPosition(100, 5), recovered.Log.Last);
        Assert.Equal(new HardState(5, new MemberId(2)), recovered.Start.HardState);
        Assert.Equal(Members, recovered.Start.Base.Configuration);
        Assert.Equal(10, ReadAll(recovered.Log).Count);
    }

    /// <summary>What the file before it says of term, vote and beginning is nowhere else until its head is durable.</summary>
    [Fact]
    public void A_file_in_which_nothing_is_left_stays_until_the_next_one_is_durable()
    {
        var disk = new MemoryDisk(canCrash: true);
        WriteAheadLog log = Open(disk).Log;
        log.Write(new LogWrite { WriteId = 1, HardState = new HardState(5, new MemberId(2)) });
        log.Write(Entries(2, 1, 5, [.. Enumerable.Repeat(4000, 14)]));
        log.Sync();
        log.Compact(new LogPosition(14, 5), Members);
        int before = disk.List().Count;
        log.Write(Entries(3, 15, 5, 9000));
        Assert.True(disk.List().Count > before, "the write was to begin a file");

        LogRecovery recovered = Open(disk.Crash(static () => false));
        Assert.Equal(new HardState(5, new MemberId(2)), recovered.Start.HardState);
        Assert.Equal(new LogPosition(14, 5), recovered.Log.Base);
        Assert.Equal(new LogPosition(14, 5), recovered.Log.Last);
    }

    /// <summary>A head and the first records behind it are one write, of which a power loss may lose the head alone; once something later was written, that is damage.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_head_that_was_lost_with_its_first_write_is_no_damage(bool isFollowed)
    {
        var disk = new MemoryDisk();
        using (WriteAheadLog log = Open(disk).Log)
        {
            log.Write(Entries(1, 1, 5, [.. Enumerable.Repeat(4000, 14)]));
            log.Sync();
            log.Write(Entries(2, 15, 5, 5000, 500));
            log.Sync();
            if (isFollowed)
            {
                log.Write(Entries(3, 17, 5, 10));
                log.Sync();
            }

            string name = NewestSegment(disk);
            byte[] bytes = disk.ReadAll(name);
            bytes.AsSpan(0, MemoryDisk.SectorBytes).Clear();
            disk.Replace(name, bytes);
            if (isFollowed)
            {
                Assert.Throws<LogDamagedException>(() => Open(disk));
            }
            else
            {
                Assert.Equal(new LogPosition(14, 5), Open(disk).Log.Last);
            }
        }
    }

    [Fact]
    public void A_missing_segment_is_found()
    {
        var disk = new MemoryDisk();
        using (WriteAheadLog log = Open(disk).Log)
        {
            for (int i = 1; i <= 60; i++)
            {
                log.Write(Entries(i, i, 1, 4000));
                log.Sync();
            }
        }

        List<string> segments = [.. disk.List().Where(static name => name.EndsWith(".log", StringComparison.Ordinal))];
        Assert.True(segments.Count >= 3);
        disk.Delete(segments[1]);
        Assert.Throws<LogDamagedException>(() => Open(disk));
        disk.Delete(segments[0]);
        Assert.Throws<LogDamagedException>(() => Open(disk));
    }

    [Fact]
    public void A_reset_starts_the_log_over_after_a_snapshot()
    {
        var disk = new MemoryDisk(canCrash: true);
        using (WriteAheadLog log = Open(disk).Log)
        {
            log.Write(Entries(1, 1, 1, 10, 10, 10));
            log.Sync();
            Configuration other = Configuration.Of([new MemberId(1), new MemberId(9)]);
            log.Write(new LogWrite { WriteId = 2, Reset = new SnapshotPoint(new LogPosition(50, 4), other), HardState = new HardState(4, default), Entries = Entries(2, 51, 4, 5).Entries });
            log.Sync();
        }

        LogRecovery recovered = Open(disk.Crash(static () => false));
        Assert.Equal(new LogPosition(50, 4), recovered.Start.Base.Position);
        Assert.Equal(2, recovered.Start.Base.Configuration.Voters.Count);
        Assert.Equal(new LogPosition(51, 4), recovered.Log.Last);
    }

    [Fact]
    public void A_compaction_that_a_reset_has_overtaken_does_nothing()
    {
        var disk = new MemoryDisk(canCrash: true);
        WriteAheadLog log = Open(disk).Log;
        log.Write(Entries(1, 1, 1, 10, 10, 10));
        log.Write(new LogWrite { WriteId = 2, Reset = new SnapshotPoint(new LogPosition(20, 2), Members) });
        log.Sync();
        log.Compact(new LogPosition(2, 1), Members);
        Assert.Equal(new LogPosition(20, 2), log.Base);
        Assert.Equal(new LogPosition(20, 2), Open(disk).Log.Base);
    }

    [Fact]
    public void Files_of_another_member_or_a_later_version_are_refused()
    {
        var disk = new MemoryDisk();
        Open(disk).Log.Dispose();
        Assert.Throws<WrongIdentityException>(() => Open(disk, new LogIdentity(7, new MemberId(2))));
        Assert.Throws<WrongIdentityException>(() => Open(disk, new LogIdentity(8, new MemberId(1))));
        string name = NewestSegment(disk);
        byte[] bytes = disk.ReadAll(name);
        bytes[8] = 2;
        int length = BitConverter.ToInt32(bytes, 12);
        BitConverter.GetBytes(Checksum.Crc32C(bytes.AsSpan(0, length - 4))).CopyTo(bytes, length - 4);
        disk.Replace(name, bytes);
        Assert.Contains("version 2", Assert.Throws<NewerFormatException>(() => Open(disk)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_log_holds_when_it_opens_is_durable_even_if_its_last_sync_never_happened()
    {
        // The write reached the system and the sync did not: the process was killed in between, or the sync failed.
        var disk = new MemoryDisk(canCrash: true);
        WriteAheadLog first = Open(disk).Log;
        first.Write(Entries(1, 1, 1, 10));
        first.Sync();
        first.Write(Entries(2, 2, 1, 10));
        disk.SyncFailure = "Input/output error";
        Assert.Throws<LogFailedException>(first.Sync);
        disk.SyncFailure = null;

        // The next process sees the entry and may acknowledge it; so it must be there after a power loss.
        Assert.Equal(2, Open(disk).Log.Last.Index);
        Assert.Equal(2, Open(disk.Crash(static () => false)).Log.Last.Index);
    }

    [Fact]
    public void After_a_failed_sync_nothing_is_written_any_more()
    {
        var disk = new MemoryDisk();
        using WriteAheadLog log = Open(disk).Log;
        log.Write(Entries(1, 1, 1, 10));
        disk.SyncFailure = "I/O error";
        Assert.Throws<LogFailedException>(log.Sync);
        disk.SyncFailure = null;
        Assert.Throws<LogFailedException>(() => log.Write(Entries(2, 2, 1, 10)));
        Assert.Throws<LogFailedException>(log.Sync);
    }

    [Fact]
    public void A_full_disk_refuses_entries_and_still_takes_term_and_vote()
    {
        var disk = new MemoryDisk();
        using WriteAheadLog log = Open(disk).Log;
        disk.FreeBytes = 1 << 20;
        long last = 0;
        LogFullException full = Assert.Throws<LogFullException>(() =>
        {
            for (int i = 1; i <= 100; i++)
            {
                log.Write(Entries(i, i, 1, 4000));
                log.Sync();
                last = i;
            }
        });
        Assert.Contains("free some space", full.Message, StringComparison.Ordinal);
        Assert.Equal(last, log.Last.Index);
        Assert.False(log.HasRoom);
        log.Write(new LogWrite { WriteId = 200, HardState = new HardState(9, new MemberId(1)) });
        log.Sync();
        log.Dispose();
        LogRecovery recovered = Open(disk);
        Assert.Equal(9, recovered.Start.HardState.Term);
        Assert.Equal(last, recovered.Log.Last.Index);
    }

    [Fact]
    public void Entries_that_do_not_follow_are_refused()
    {
        using WriteAheadLog log = Open(new MemoryDisk()).Log;
        Assert.Throws<ArgumentException>(() => log.Write(Entries(1, 2, 1, 10)));
        log.Write(Entries(1, 1, 3, 10));
        Assert.Throws<ArgumentException>(() => log.Write(Entries(2, 2, 2, 10)));
        Assert.Equal(new LogPosition(1, 3), log.Last);
    }

    /// <summary>Random writes, syncs, compactions and crashes against a plain list: after a crash there is everything that was synced and a prefix, by whole writes, of what was not.</summary>
    [Fact]
    public void Behaves_like_a_list_that_forgets_what_was_not_synced()
    {
        Gen.Select(Gen.Int[0, 9], Gen.Int[1, 3000], Gen.Int[0, 1_000_000]).Array[1, 60].Sample(operations =>
        {
            var disk = new MemoryDisk(canCrash: true);
            WriteAheadLog log = Open(disk).Log;
            var model = new LogModel();
            long writeId = 0;
            foreach ((int operation, int size, int random) in operations)
            {
                switch (operation)
                {
                    case < 5:
                        LogWrite write = model.MakeWrite(++writeId, size, random);
                        log.Write(write);
                        model.Write(write);
                        break;
                    case < 7:
                        log.Sync();
                        model.Sync();
                        break;
                    case 7:
                        log.Sync();
                        model.Sync();
                        if (model.Last > model.Base.Index)
                        {
                            LogPosition through = model.PositionAt(model.Base.Index + 1 + (random % (model.Last - model.Base.Index)));
                            log.Compact(through, Members);
                            model.Compact(through);
                        }

                        break;
                    default:
                        log.Dispose();
                        int bits = random;
                        disk = disk.Crash(() => (bits = (bits * 1103515245) + 12345) >> 16 % 2 != 0);
                        LogRecovery recovered = Open(disk);
                        log = recovered.Log;
                        model.Recover(recovered, ReadAll(log));
                        writeId = 0;
                        break;
                }
            }

            log.Sync();
            model.Sync();
            log.Dispose();
            LogRecovery end = Open(disk.Crash(static () => false));
            model.Recover(end, ReadAll(end.Log));
        }, iter: 300);
    }

    private static int Used(MemoryDisk disk) => disk.ReadAll(NewestSegment(disk)).AsSpan().TrimEnd((byte)0).Length + 7 & ~7;
}
