using Veche.Checking.Histories;
using Veche.Checking.Models;

namespace Veche.Checking.Tests.Linearizability;

public sealed class RegisterTests
{
    [Theory]
    [InlineData("0+r 0=_")]
    [InlineData("0+w1 0= 1+r 1=1")]
    [InlineData("0+w1 1+r 1=1 0=")] // seen before its writer knew
    [InlineData("0+w1 1+r 1=_ 2+r 2=1 0=")]
    [InlineData("0+w1 0? 1+r 1=_ 1+r 1=1")] // takes effect late
    [InlineData("0+w1 0? 1+r 1=_ 1+r 1=_")] // or never
    [InlineData("0+w1 1+r 1=1")] // no completion at all
    [InlineData("0+w1 0? 0+r 0=1")] // a process may go on after info
    [InlineData("0+w1 0= 1+r 1! 1+r 1? 2+r 2=1")]
    [InlineData("0+w1 0= 1+c12 1= 0+r 0=2")]
    [InlineData("0+w1 0= 1+c32 1! 0+r 0=1")]
    [InlineData("0+w1 0= 1+c12 1? 0+r 0=1 0+r 0=2")]
    [InlineData("0+w1 1+w2 0= 1= 2+r 2=1")]
    public void Valid(string words) => Assert.Equal(Verdict.Valid, Notation.Judge(Notation.Registers(words)));

    [Theory]
    [InlineData("0+r 0=1")] // from nowhere
    [InlineData("0+w1 0= 1+r 1=_")] // lost
    [InlineData("0+w1 0= 0+w2 0= 1+r 1=1")] // stale
    [InlineData("0+w1 1+r 1=1 2+r 2=_ 0=")] // back in time
    [InlineData("0+w1 0! 1+r 1=1")] // a failure did not happen
    [InlineData("0+w1 0? 1+r 1=1 1+r 1=_")] // what has taken effect stays
    [InlineData("0+w1 0= 1+c21 1= ")] // the expected value was not there
    [InlineData("0+w1 0= 1+c12 2+c13 1= 2=")] // both cannot have won
    [InlineData("1+r 1=1 0+w1 0?")] // before it was called
    public void Invalid(string words) => Assert.Equal(Verdict.Invalid, Notation.Judge(Notation.Registers(words)));

    [Fact]
    public void Keys_are_independent_and_one_broken_key_is_enough()
    {
        const string Lines = """
            {"process":0,"type":"invoke","f":"write","key":"a","value":1}
            {"process":0,"type":"ok","f":"write","key":"a","value":1}
            {"process":0,"type":"invoke","f":"read","key":7,"value":null}
            {"process":0,"type":"ok","f":"read","key":7,"value":null}

            """;
        Assert.Equal(Verdict.Valid, Notation.Judge(Notation.Parse(Lines)));
        HistoryVerdict broken = HistoryChecker.Check(Notation.Parse(Lines + Lines.Replace("\"a\"", "\"b\"", StringComparison.Ordinal).Replace("7", "\"b\"", StringComparison.Ordinal)), HistoryModel.Register);
        Assert.Equal(Verdict.Invalid, broken.Verdict);
        Assert.Contains("key \"b\"", broken.Summary, StringComparison.Ordinal);
    }

    [Fact]
    public void An_initial_value_may_be_given()
    {
        History history = Notation.Registers("0+r 0=3");
        Assert.Equal(Verdict.Valid, HistoryChecker.Check(history, HistoryModel.Register, initial: history.Symbols.Of(3)).Verdict);
        Assert.Equal(Verdict.Invalid, HistoryChecker.Check(history, HistoryModel.Register).Verdict);
    }

    [Fact]
    public void A_function_of_another_model_is_bad_input()
    {
        Assert.Equal(1, Assert.Throws<HistoryFormatException>(() => HistoryChecker.Check(Notation.Registers("0+c12 0="), HistoryModel.Register)).Line);
        Assert.Equal(1, Assert.Throws<HistoryFormatException>(() => HistoryChecker.Check(Notation.Registers("0+w1 0="), HistoryModel.ListAppend)).Line);
        Assert.Equal(1, Assert.Throws<HistoryFormatException>(() => HistoryChecker.Check(Notation.Transactions("0+ax1 0=ax1"), HistoryModel.KeyValue)).Line);
    }

    [Theory]
    [InlineData("0+r 0=_")]
    [InlineData("0+r 0=")] // the empty text is what an absent key has
    [InlineData("0+aab 0= 1+ac 1= 1+r 1=abc")]
    [InlineData("0+aa 1+ab 0= 1= 0+r 0=ba")]
    [InlineData("0+wq 0= 1+aa 1? 2+r 2=q 2+r 2=qa")]
    [InlineData("0+wab 1+wa 2+ab 0= 1= 2= 0+r 0=ab 1+r 1=ab")] // two ways to one text
    public void Valid_texts(string words) => Assert.Equal(Verdict.Valid, Notation.Judge(Notation.Texts(words), HistoryModel.KeyValue));

    [Theory]
    [InlineData("0+aa 0= 1+ab 1= 1+r 1=ba")]
    [InlineData("0+aa 0= 1+ab 1= 1+r 1=a")]
    [InlineData("0+aa 0= 1+r 1=aa")]
    [InlineData("0+aa 1+ab 0= 1= 0+r 0=ba 1+r 1=ab")]
    [InlineData("0+wq 0= 1+r 1=_")]
    public void Invalid_texts(string words) => Assert.Equal(Verdict.Invalid, Notation.Judge(Notation.Texts(words), HistoryModel.KeyValue));
}
