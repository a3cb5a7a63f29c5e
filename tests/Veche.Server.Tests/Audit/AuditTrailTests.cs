using System.Text;
using Google.Protobuf;
using Veche.Api;
using Veche.Api.Commands;
using Veche.Log;
using Veche.Raft;
using Veche.Replica;
using Veche.Server.Audit;

namespace Veche.Server.Tests.Audit;

/// <summary>The files of an audit trail: what a crash, a tamperer and a second writer make of them.</summary>
public sealed class AuditTrailTests : IDisposable
{
    private const string Cluster = "c1";
    private readonly string _directory = Directory.CreateTempSubdirectory("veche-audit-").FullName;
    private readonly MemoryDisk _disk = new(canCrash: true);

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void What_is_written_is_read_back_over_several_files()
    {
        using (AuditTrail trail = Open(fileBytes: 1000))
        {
            Assert.True(trail.IsNew);
            Write(trail, 1, 20);
        }

        using (AuditTrail again = Open(fileBytes: 1000))
        {
            Assert.Equal((21, false), (again.NextIndex, again.IsNew));
            again.AppendGap(30, "why not");
            Write(again, 31, 40);
        }

        Assert.True(_disk.List().Count > 3);
        List<AuditLine> lines = [.. Read().Where(static line => line.Kind != AuditLineKind.Head)];
        Assert.Equal([.. Enumerable.Range(1, 20), 21, .. Enumerable.Range(31, 10)], lines.Select(static line => (int)line.From));
        Assert.Equal((AuditLineKind.Gap, 30L, "why not"), (lines[20].Kind, lines[20].Through, lines[20].Why));
        Assert.Equal(7, lines[6].Revision);
        Assert.Equal("refused \"so\"", lines[2].Refused);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public void A_crash_leaves_a_trail_that_goes_on(int seed)
    {
        // Wherever it comes, and whatever it leaves of what was not synced.
        var random = new Random(seed);
        for (int round = 0; round < 40; round++)
        {
            var disk = new MemoryDisk(canCrash: true);
            long synced = 0;
            using (AuditTrail trail = AuditTrail.Open(disk, Cluster, "1", TimeProvider.System, 600))
            {
                int writes = random.Next(1, 12);
                for (long index = 1; index <= writes; index++)
                {
                    trail.Append(index, EntryText(index), null);
                    if (random.Next(3) == 0)
                    {
                        trail.Sync();
                        synced = index;
                    }
                }
            }

            MemoryDisk after = disk.Crash(() => random.Next(2) == 0);
            using AuditTrail again = AuditTrail.Open(after, Cluster, "1", TimeProvider.System, 600);
            Assert.InRange(again.NextIndex, synced + 1, 13);
            Write(again, again.NextIndex, 20);
            Assert.Equal(Enumerable.Range(1, 20), Lines(after).Where(static line => line.Kind == AuditLineKind.Entry).Select(static line => (int)line.From));
        }
    }

    [Theory]
    [InlineData(AuditTrail.DefaultFileBytes)]
    [InlineData(600)]
    public void What_a_failed_sync_was_to_save_is_written_again(long fileBytes)
    {
        TrailPosition durable;
        using (AuditTrail trail = Open(fileBytes))
        {
            Write(trail, 1, 3);
            _disk.SyncFailure = "Input/output error";
            Assert.Throws<IOException>(() => Write(trail, 4, 4));
            durable = trail.Durable;
        }

        _disk.SyncFailure = null;
        using (AuditTrail again = AuditTrail.Open(_disk, Cluster, "1", TimeProvider.System, fileBytes, durable))
        {
            Assert.Equal(4, again.NextIndex);
            Write(again, 4, 20);
        }

        // A later sync has not saved what the failed one had left behind.
        MemoryDisk after = _disk.Crash(static () => false);
        Assert.Equal(Enumerable.Range(1, 20), Lines(after).Where(static line => line.Kind == AuditLineKind.Entry).Select(static line => (int)line.From));
    }

    [Theory]
    [InlineData("\"key\":\"k4\"", "\"key\":\"k5\"")]
    [InlineData("\"user\":\"u4\"", "\"user\":\"u5\"")]
    [InlineData("\"revision\":4", "\"revision\":5")]
    [InlineData("2026", "2025")]
    public void A_line_that_was_changed_is_found(string what, string instead)
    {
        Write();
        Damage(lines => lines[4] = lines[4].Replace(what, instead, StringComparison.Ordinal));
        Assert.Contains("line 5: its hash is wrong", Assert.Throws<AuditDamagedException>(() => Read().ToList()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_line_that_was_changed_with_its_own_hash_is_found_by_the_next()
    {
        Write();
        Damage(static lines => lines[4] = AuditLine.Close(lines[4].Replace("k4", "k5", StringComparison.Ordinal)[..^75], lines[3][^66..^2]));
        Assert.Contains("line 6: its hash is wrong", Assert.Throws<AuditDamagedException>(() => Read().ToList()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_line_that_is_missing_or_was_put_in_is_found()
    {
        Write();
        Damage(static lines => lines.RemoveAt(4));
        Assert.Throws<AuditDamagedException>(() => Read().ToList());
        Write();
        Damage(static lines => lines.Insert(4, lines[3]));
        Assert.Throws<AuditDamagedException>(() => Read().ToList());
        Write();
        Damage(static lines => lines.RemoveAt(0));
        Assert.Throws<AuditDamagedException>(() => Read().ToList());
    }

    [Fact]
    public void A_whole_file_that_is_missing_is_found_unless_it_is_the_oldest()
    {
        using (AuditTrail trail = Open(fileBytes: 1000))
        {
            Write(trail, 1, 20);
        }

        _disk.Delete(_disk.List()[0]);
        Assert.NotEmpty(Read());
        _disk.Delete(_disk.List()[1]);
        Assert.Contains("does not follow", Assert.Throws<AuditDamagedException>(() => Read().ToList()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_writer_notices_damage_and_writes_again_what_was_there()
    {
        Write();
        string whole = string.Join('\n', Read().Where(static line => line.Kind == AuditLineKind.Entry).Select(static line => line.Content));
        Damage(static lines => lines[4] = lines[4].Replace("k4", "k5", StringComparison.Ordinal));
        using (AuditTrail trail = Open())
        {
            Assert.Contains("line 5", trail.Damage, StringComparison.Ordinal);
            Assert.Equal(4, trail.NextIndex);
            Write(trail, 4, 9);
            Assert.Null(trail.Damage);
        }

        Assert.Equal(whole, string.Join('\n', Read().Where(static line => line.Kind == AuditLineKind.Entry).Select(static line => line.Content)));
    }

    [Fact]
    public void The_trail_of_another_member_is_refused()
    {
        Write();
        Assert.Contains("member 1 of cluster c1", Assert.Throws<TrailOfAnotherException>(() => AuditTrail.Open(_disk, Cluster, "2", TimeProvider.System)).Message, StringComparison.Ordinal);
        Assert.Throws<TrailOfAnotherException>(() => AuditTrail.Open(_disk, "c2", "1", TimeProvider.System));
    }

    [Fact]
    public void What_is_secret_is_not_told()
    {
        var put = new Command { Put = new PutRequest { Key = B("key"), Value = B("s3cret"), Lease = 9 }, Caller = new Caller { User = "ann", Revision = 1 } };
        string told = Told(put);
        Assert.Contains("\"key\":\"key\",\"bytes\":6,\"lease\":9", told, StringComparison.Ordinal);
        Assert.Contains("\"user\":\"ann\"", told, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", told, StringComparison.Ordinal);
        foreach (AuthCommand auth in (AuthCommand[])[
            new() { UserAdd = new AuthUserAddRequest { Name = "bob", Password = "s3cret", HashedPassword = "s3cret" } },
            new() { UserChangePassword = new AuthUserChangePasswordRequest { Name = "bob", Password = "s3cret", HashedPassword = "s3cret" } },
            new() { IssueToken = new IssueToken { User = "bob", RandomPart = "s3cret" } }])
        {
            told = Told(new Command { Auth = auth });
            Assert.Contains("\"of_user\":\"bob\"", told, StringComparison.Ordinal);
            Assert.DoesNotContain("s3cret", told, StringComparison.Ordinal);
        }

        var txn = new TxnRequest { Compare = { new Compare { Key = B("c"), Value = B("s3cret") } }, Success = { new RequestOp { RequestTxn = new TxnRequest { Success = { new RequestOp { RequestPut = new PutRequest { Key = B("deep"), Value = B("s3cret") } } } } } } };
        told = Told(new Command { Txn = txn });
        Assert.Contains("\"key\":\"deep\"", told, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", told, StringComparison.Ordinal);
        Assert.Contains("\"key_base64\":\"/w==\"", Told(new Command { Put = new PutRequest { Key = ByteString.CopyFrom(0xff) } }), StringComparison.Ordinal);
    }

    private static ByteString B(string text) => ByteString.CopyFromUtf8(text);

    private static string Told(Command command) => AuditText.Of(new Entry(1, 1, EntryKind.Command, CommandHeader.Wrap(new MemberId(1), 1, command.ToByteArray())));

    private static string EntryText(long index) =>
        AuditText.Of(new Entry(index, 1, EntryKind.Command, CommandHeader.Wrap(new MemberId(1), index, new Command { Put = new PutRequest { Key = B("k" + index) }, Caller = new Caller { User = "u" + index } }.ToByteArray())));

    private static void Write(AuditTrail trail, long from, long through)
    {
        for (long index = from; index <= through; index++)
        {
            trail.Append(index, EntryText(index), new AppliedOutcome(index, index == 3 ? "refused \"so\"" : null));
            trail.Sync();
        }
    }

    private AuditTrail Open(long fileBytes = AuditTrail.DefaultFileBytes) => AuditTrail.Open(_disk, Cluster, "1", TimeProvider.System, fileBytes);

    /// <summary>One file with nine entries, and nothing else.</summary>
    private void Write()
    {
        foreach (string name in _disk.List())
        {
            _disk.Delete(name);
        }

        using AuditTrail trail = Open();
        Write(trail, 1, 9);
    }

    private void Damage(Action<List<string>> change)
    {
        string name = _disk.List()[0];
        List<string> lines = [.. Encoding.UTF8.GetString(_disk.ReadAll(name)).Split('\n')];
        change(lines);
        _disk.Replace(name, Encoding.UTF8.GetBytes(string.Join('\n', lines)));
    }

    private IEnumerable<AuditLine> Read() => Lines(_disk);

    private IEnumerable<AuditLine> Lines(MemoryDisk disk)
    {
        foreach (string path in Directory.EnumerateFiles(_directory))
        {
            File.Delete(path);
        }

        foreach (string name in disk.List())
        {
            File.WriteAllBytes(Path.Combine(_directory, name), disk.ReadAll(name));
        }

        return AuditReader.Read(_directory);
    }
}
