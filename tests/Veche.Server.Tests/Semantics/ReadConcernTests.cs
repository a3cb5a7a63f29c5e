using Google.Protobuf;
using Veche.Api;
using Veche.Server.Semantics;

namespace Veche.Server.Tests.Semantics;

public sealed class ReadConcernTests
{
    [Theory]
    [InlineData("linearizable")]
    [InlineData("lease")]
    [InlineData("session")]
    [InlineData("causal")]
    [InlineData("stale")]
    [InlineData("bounded:revisions=5")]
    [InlineData("bounded:ms=100")]
    [InlineData("bounded:revisions=0,ms=0,degrade")]
    public void Concerns_are_said_as_they_are_read(string text) => Assert.Equal(text, ReadConcern.Parse(text).ToString());

    [Theory]
    [InlineData("strong", "there is linearizable, lease")]
    [InlineData("bounded", "is no read concern")]
    [InlineData("bounded:", "has ''")]
    [InlineData("bounded:degrade", "has no bound")]
    [InlineData("bounded:ms=-1", "a whole number from 0")]
    [InlineData("bounded:ms=1,ms=2", "each once")]
    [InlineData("bounded:revisions=9999999999999999999", "a whole number from 0")]
    public void What_is_none_is_refused_with_what_there_is(string text, string expected) =>
        Assert.Contains(expected, Assert.Throws<FormatException>(() => ReadConcern.Parse(text)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("linearizable", "stale", "linearizable")]
    [InlineData("bounded:ms=5", "causal", "causal")]
    [InlineData("bounded:ms=5,degrade", "bounded:ms=9,revisions=3", "bounded:revisions=3,ms=5")]
    public void The_stricter_of_two(string left, string right, string expected)
    {
        Assert.Equal(expected, ReadConcern.Stricter(ReadConcern.Parse(left), ReadConcern.Parse(right)).ToString());
        Assert.Equal(expected, ReadConcern.Stricter(ReadConcern.Parse(right), ReadConcern.Parse(left)).ToString());
    }

    [Theory]
    [InlineData("cache/a", "", "stale")]
    [InlineData("cache/hot/a", "", "bounded:ms=100")]
    [InlineData("money/a", "", "linearizable")]
    [InlineData("other", "", "causal")]
    [InlineData("cache/", "cache0", "bounded:ms=100")]
    [InlineData("cache/i", "cache/z", "stale")]
    [InlineData("a", "\0", "linearizable")]
    [InlineData("cache/x", "cache1", "causal")]
    [InlineData("a", "b", "causal")]
    public void A_range_is_read_as_its_strictest_key(string key, string end, string expected)
    {
        ReadRules rules = ReadRules.Parse("cache/=stale;money/=linearizable;cache/hot/=bounded:ms=100", "causal");
        Assert.Equal(expected, rules.For(ByteString.CopyFromUtf8(key), ByteString.CopyFromUtf8(end)).ToString());
    }

    [Fact]
    public void A_transaction_is_read_as_its_strictest_key()
    {
        ReadRules rules = ReadRules.Parse("cache/=stale;money/=linearizable", "causal");
        var request = new TxnRequest { Success = { Range("cache/a") } };
        Assert.Equal("stale", rules.For(request).ToString());
        request.Failure.Add(new RequestOp { RequestTxn = new TxnRequest { Compare = { new Compare { Key = ByteString.CopyFromUtf8("money/a") } } } });
        Assert.Equal("linearizable", rules.For(request).ToString());
    }

    [Theory]
    [InlineData("x", "should be PREFIX=CONCERN")]
    [InlineData("=stale", "should be PREFIX=CONCERN")]
    [InlineData("a=stale;a=lease", "two rules for 'a'")]
    [InlineData("a=often", "is no read concern")]
    public void Rules_that_make_no_sense(string rules, string expected) =>
        Assert.Contains(expected, Assert.Throws<FormatException>(() => ReadRules.Parse(rules, string.Empty)).Message, StringComparison.Ordinal);

    [Fact]
    public void Tokens_are_read_as_they_are_said_and_the_latest_counts()
    {
        var token = new CausalToken(0xABCDEF, 17, 0, 3);
        Assert.Equal(token, CausalToken.Parse(token.ToString()));
        Assert.Equal(new CausalToken(0xABCDEF, 17, 9, 4), CausalToken.Parse($"{token}, {new CausalToken(0xABCDEF, 5, 9, 4)}"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("x")]
    [InlineData("v1-1-2-3")]
    [InlineData("v2-1-2-3-4")]
    [InlineData("v1-1-ffffffffffffffff-0-0")]
    [InlineData("v1-1-1-0-0,v1-2-1-0-0")]
    public void What_is_no_token(string text) => Assert.Throws<FormatException>(() => CausalToken.Parse(text));

    private static RequestOp Range(string key) => new() { RequestRange = new RangeRequest { Key = ByteString.CopyFromUtf8(key) } };
}
