using Google.Protobuf;
using Veche.Api;
using Veche.Server.Canaries;

namespace Veche.Server.Tests.Canaries;

/// <summary>What a canary's writer makes of what it reads.</summary>
public sealed class CanaryJudgeTests
{
    private const ulong Cluster = 0xc1;
    private const ulong Member = 0xa1;
    private static readonly DateTimeOffset Now = new(2026, 11, 27, 1, 2, 3, TimeSpan.Zero);

    private readonly CanaryJudge _judge = new(Cluster, Member);

    [Fact]
    public void A_canary_is_known_again_unless_a_single_bit_of_it_differs()
    {
        ByteString value = Canary.Make(Cluster, Member, 7, Now);
        Assert.Equal(7, Canary.NumberOf(value, Cluster, Member));
        Assert.Null(Canary.NumberOf(value, Cluster + 1, Member));
        Assert.Null(Canary.NumberOf(value, Cluster, Member + 1));
        for (int bit = 0; bit < value.Length * 8; bit++)
        {
            byte[] bytes = value.ToByteArray();
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.Null(Canary.NumberOf(ByteString.CopyFrom(bytes), Cluster, Member));
        }
    }

    [Fact]
    public void What_is_there_as_written_is_whole()
    {
        KeyValue first = Written(revision: 5, version: 3);
        Assert.Equal(CanaryFinding.Whole, _judge.Judge(first, first).Finding);
        KeyValue second = Written(revision: 9, version: 4);
        Assert.Equal(CanaryFinding.Whole, _judge.Judge(second, second).Finding);
    }

    [Fact]
    public void What_is_not_there_at_its_revision_is_damage()
    {
        KeyValue whole = Written(revision: 5, version: 1);
        Assert.Equal(CanaryFinding.Damage, _judge.Judge(null, whole).Finding);
        Assert.Equal(CanaryFinding.Damage, _judge.Judge(new KeyValue(whole) { Value = ByteString.CopyFromUtf8("x") }, whole).Finding);
        Assert.Equal(CanaryFinding.Damage, _judge.Judge(new KeyValue(whole) { ModRevision = 4 }, whole).Finding);
    }

    [Fact]
    public void Who_writes_or_deletes_later_meddles()
    {
        KeyValue whole = Written(revision: 5, version: 1);
        Assert.Equal(CanaryFinding.Meddling, _judge.Judge(whole, null).Finding);
        Assert.Equal(CanaryFinding.Meddling, _judge.Judge(whole, new KeyValue(whole) { ModRevision = 6 }).Finding);

        // That is behind it with the next, whatever version that is.
        KeyValue next = Written(revision: 8, version: 7);
        Assert.Equal(CanaryFinding.Whole, _judge.Judge(next, next).Finding);
    }

    [Fact]
    public void A_version_that_is_missing_is_said_unless_an_outcome_is_unknown()
    {
        KeyValue first = Written(revision: 5, version: 1);
        Assert.Equal(CanaryFinding.Whole, _judge.Judge(first, first).Finding);
        KeyValue third = Written(revision: 9, version: 3);
        (CanaryFinding finding, string about) = _judge.Judge(third, third);
        Assert.Equal(CanaryFinding.Meddling, finding);
        Assert.Contains("version 3 of its key and should be version 2", about, StringComparison.Ordinal);

        _judge.Next(Now);
        _judge.Unknown();
        KeyValue fifth = Written(revision: 12, version: 5);
        Assert.Equal(CanaryFinding.Whole, _judge.Judge(fifth, fifth).Finding);

        _judge.Next(Now);
        _judge.Refused();
        KeyValue sixth = Written(revision: 14, version: 6);
        Assert.Equal(CanaryFinding.Whole, _judge.Judge(sixth, sixth).Finding);
    }

    [Fact]
    public void A_canary_that_could_not_be_read_back_counts_all_the_same()
    {
        KeyValue first = Written(revision: 5, version: 1);
        Assert.Equal(CanaryFinding.Whole, _judge.Judge(first, first).Finding);
        Written(revision: 9, version: 2);
        KeyValue third = Written(revision: 12, version: 3);
        Assert.Equal(CanaryFinding.Whole, _judge.Judge(third, third).Finding);
    }

    [Fact]
    public void Numbers_go_on_where_they_ended()
    {
        _judge.Resume(new KeyValue { Value = Canary.Make(Cluster, Member, 41, Now) });
        Assert.Equal(42, Canary.NumberOf(_judge.Next(Now), Cluster, Member));
        _judge.Resume(new KeyValue { Value = ByteString.CopyFromUtf8("not a canary") });
        _judge.Resume(null);
        Assert.Equal(43, Canary.NumberOf(_judge.Next(Now), Cluster, Member));
    }

    private KeyValue Written(long revision, long version)
    {
        ByteString value = _judge.Next(Now);
        _judge.Acknowledged(revision);
        return new KeyValue { Value = value, ModRevision = revision, Version = version };
    }
}
