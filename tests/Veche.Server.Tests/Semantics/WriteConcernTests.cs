using Google.Protobuf;
using Veche.Api;
using Veche.Api.Commands;
using Veche.Raft;
using Veche.Replica;
using Veche.Server.Options;
using Veche.Server.Semantics;

namespace Veche.Server.Tests.Semantics;

public sealed class WriteConcernTests
{
    private static readonly Configuration Three = Configuration.Of([new MemberId(1), new MemberId(2), new MemberId(3)]);
    private static readonly Place[] Places = [new(new MemberId(1), "a", "east"), new(new MemberId(2), "b", "east"), new(new MemberId(3), "c", "west")];

    [Theory]
    [InlineData("none")]
    [InlineData("leader")]
    [InlineData("leader+fsync")]
    [InlineData("leader+applied")]
    [InlineData("majority-memory")]
    [InlineData("majority")]
    [InlineData("majority+applied")]
    [InlineData("all")]
    [InlineData("all+applied")]
    [InlineData("2")]
    [InlineData("3+applied")]
    [InlineData("zones:2")]
    [InlineData("any:1(a,b)")]
    [InlineData("any:2(a,b,c)+applied")]
    public void Concerns_say_themselves(string text) => Assert.Equal(text, WriteConcern.Parse(text).ToString());

    [Theory]
    [InlineData("", "'' is no write concern; there are none, leader,")]
    [InlineData("most", "'most' is no write concern")]
    [InlineData("0", "'0' is no write concern")]
    [InlineData("-1", "'-1' is no write concern")]
    [InlineData("zones:", "'zones:' is no write concern")]
    [InlineData("any:1", "'any:1' is no write concern")]
    [InlineData("any:3(a,b)", "'any:3(a,b)' asks for 3 of 2 members")]
    [InlineData("any:1(a,a)", "'any:1(a,a)' names a twice")]
    [InlineData("none+applied", "'none+applied' contradicts itself")]
    [InlineData("majority-memory+applied", "'majority-memory+applied' contradicts itself")]
    public void What_is_none_is_told_with_what_there_is(string text, string expected) =>
        Assert.StartsWith(expected, Assert.Throws<FormatException>(() => WriteConcern.Parse(text)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("4", "4 members are asked for, and there are 3 that vote")]
    [InlineData("zones:3", "zones:3 asks for 3 zones, and there are 2: east, west")]
    [InlineData("any:1(d)", "any:1(d) names d, and there are a, b, c")]
    public void What_can_never_be_reached_is_refused_with_what_exists(string text, string expected) =>
        Assert.Equal(expected, Assert.Throws<FormatException>(() => WriteConcernTerms.RuleOf(WriteConcern.Parse(text), Three, static () => Places)).Message);

    [Theory]
    [InlineData("3", "3 members are asked for, and there are 2 that vote and hold data")]
    [InlineData("zones:2", "zones:2 asks for 2 zones, and there are 1: east")]
    [InlineData("any:1(a,c)", "any:1(a,c) names c, which is a witness and holds no data")]
    public void A_witness_counts_for_no_concern(string text, string expected) =>
        Assert.Equal(expected, Assert.Throws<FormatException>(() => WriteConcernTerms.RuleOf(WriteConcern.Parse(text), Three.WithWitnesses([new MemberId(3)]), static () => Places)).Message);

    [Theory]
    [InlineData("majority-memory")]
    [InlineData("majority+applied")]
    public void A_majority_of_copies_that_cannot_be_is_refused(string text)
    {
        var four = Configuration.Of(Enumerable.Range(1, 4).Select(static i => new MemberId((ulong)i)));
        Assert.NotNull(WriteConcernTerms.RuleOf(WriteConcern.Parse(text), four.WithWitnesses([new MemberId(4)]), static () => Places));
        Assert.Equal(
            $"{text} asks for 3 members with data, and there are 2: the others are witnesses",
            Assert.Throws<FormatException>(() => WriteConcernTerms.RuleOf(WriteConcern.Parse(text), four.WithWitnesses([new MemberId(3), new MemberId(4)]), static () => Places)).Message);
    }

    [Fact]
    public void Without_zones_none_can_be_waited_for() => Assert.Equal(
        "zones:1 asks for zones, and no member has said in which it is (--veche-zone)",
        Assert.Throws<FormatException>(static () => WriteConcernTerms.RuleOf(WriteConcern.Parse("zones:1"), Three, static () => [new Place(new MemberId(1), "a", string.Empty)])).Message);

    [Fact]
    public void Names_become_members()
    {
        Assert.Equal(
            AckRule.OfGroups(2, [[new MemberId(1), new MemberId(2)], [new MemberId(3)]], AckStage.Durable),
            WriteConcernTerms.RuleOf(WriteConcern.Parse("zones:2"), Three, static () => Places));
        Assert.Equal(
            AckRule.OfGroups(1, [[new MemberId(3)], [new MemberId(1)]], AckStage.Applied),
            WriteConcernTerms.RuleOf(WriteConcern.Parse("any:1(c,a)+applied"), Three, static () => Places));
        Assert.Null(WriteConcernTerms.RuleOf(WriteConcern.Majority, Three, static () => Places));
    }

    [Theory]
    [InlineData("none", true)]
    [InlineData("leader", true)]
    [InlineData("leader+fsync", true)]
    [InlineData("majority-memory", true)]
    [InlineData("1", true)]
    [InlineData("2", false)]
    [InlineData("1+applied", false)]
    [InlineData("leader+applied", false)]
    [InlineData("majority", false)]
    [InlineData("zones:1", false)]
    [InlineData("all", false)]
    public void What_is_less_than_a_majority_answers_before_the_commit(string text, bool expected) =>
        Assert.Equal(expected, WriteConcernTerms.IsBeforeCommit(WriteConcern.Parse(text), Three));

    [Fact]
    public void The_longest_prefix_counts_and_profiles_have_names()
    {
        var settings = new WriteSettings("audit=any:2(a,b)", "/=normal;/cache/=disposable,/cache/audit/=audit", "leader+fsync");
        Assert.Equal("majority", settings.For(Put("/x"))!.ToString());
        Assert.Equal("leader", settings.For(Put("/cache/x"))!.ToString());
        Assert.Equal("any:2(a,b)", settings.For(Put("/cache/audit/x"))!.ToString());
        Assert.Equal("leader+fsync", settings.For(Put("other"))!.ToString());
        Assert.Null(settings.For(new Command { LeaseGrant = new LeaseGrantRequest() }));
        Assert.True(new WriteSettings(string.Empty, string.Empty, string.Empty).IsEmpty);
    }

    [Fact]
    public void A_transaction_gets_the_strongest_of_its_keys()
    {
        var settings = new WriteSettings(string.Empty, "a=disposable;b=critical", string.Empty);
        var transaction = new TxnRequest();
        transaction.Success.Add(new RequestOp { RequestPut = new PutRequest { Key = ByteString.CopyFromUtf8("a") } });
        transaction.Failure.Add(new RequestOp { RequestDeleteRange = new DeleteRangeRequest { Key = ByteString.CopyFromUtf8("b") } });
        Assert.Equal("majority+applied", settings.For(new Command { Txn = transaction })!.ToString());
    }

    [Theory]
    [InlineData("x=most", "", "", "--veche-profile: 'most' is no write concern")]
    [InlineData("x", "", "", "--veche-profile has 'x'")]
    [InlineData("", "/a=unknown", "", "--veche-prefix-profile: 'unknown' is no write concern")]
    [InlineData("", "", "fast", "--veche-write-concern: 'fast' is no write concern")]
    public void Settings_that_make_no_sense_are_told(string profiles, string prefixes, string otherwise, string expected) =>
        Assert.StartsWith(expected, Assert.Throws<OptionException>(() => new WriteSettings(profiles, prefixes, otherwise)).Message, StringComparison.Ordinal);

    private static Command Put(string key) => new() { Put = new PutRequest { Key = ByteString.CopyFromUtf8(key) } };
}
