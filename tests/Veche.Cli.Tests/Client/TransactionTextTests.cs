using Veche.Api;
using Veche.Cli.Client;
using Veche.Cli.Transactions;

namespace Veche.Cli.Tests.Client;

public sealed class TransactionTextTests
{
    [Fact]
    public void Words_are_those_of_a_shell()
    {
        Assert.Equal(["put", "a b", "c\"d\n", "", "e'f"], Words.Split("  put 'a b' \"c\\\"d\\n\" \"\" e\"'\"f "));
        Assert.Throws<CommandFailedException>(static () => Words.Split("put 'a"));
        Assert.Throws<CommandFailedException>(static () => Words.Split("put \"\\q\""));
    }

    [Theory]
    [InlineData("version(\"k\") = 0", Compare.Types.CompareTarget.Version, Compare.Types.CompareResult.Equal)]
    [InlineData("ver(\"k\") != \"0\"", Compare.Types.CompareTarget.Version, Compare.Types.CompareResult.NotEqual)]
    [InlineData("create(k)>0", Compare.Types.CompareTarget.Create, Compare.Types.CompareResult.Greater)]
    [InlineData("mod(\"k\") < 0", Compare.Types.CompareTarget.Mod, Compare.Types.CompareResult.Less)]
    [InlineData("value('k') == 0", Compare.Types.CompareTarget.Value, Compare.Types.CompareResult.Equal)]
    [InlineData("lease(\"k\") = 0", Compare.Types.CompareTarget.Lease, Compare.Types.CompareResult.Equal)]
    public void Conditions_are_etcdctls(string text, Compare.Types.CompareTarget target, Compare.Types.CompareResult result)
    {
        Compare compare = Comparisons.Parse(text);
        Assert.Equal((target, result, "k"), (compare.Target, compare.Result, compare.Key.ToStringUtf8()));
        Assert.NotEqual(Compare.TargetUnionOneofCase.None, compare.TargetUnionCase);
    }

    [Theory]
    [InlineData("version(\"k\")")]
    [InlineData("version(\"k\") = x")]
    [InlineData("version(\"k\" = 0")]
    [InlineData("size(\"k\") = 0")]
    [InlineData("value(\"k\") = a b")]
    [InlineData("")]
    public void What_is_no_condition_is_refused_with_an_example(string text) =>
        Assert.Contains("version(\"k\") = 0", Assert.Throws<CommandFailedException>(() => Comparisons.Parse(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void Standard_input_has_etcdctls_three_parts()
    {
        TxnRequest request = TxnCommand.Read(new StringReader("mod(\"a\") > \"0\"\n\nput a \"over\"\nget b --prefix --limit 3\n\ndel a z\n"));
        Assert.Equal((1, 2, 1), (request.Compare.Count, request.Success.Count, request.Failure.Count));
        Assert.Equal("over", request.Success[0].RequestPut.Value.ToStringUtf8());
        Assert.Equal(("b", "c", 3), (request.Success[1].RequestRange.Key.ToStringUtf8(), request.Success[1].RequestRange.RangeEnd.ToStringUtf8(), request.Success[1].RequestRange.Limit));
        Assert.Equal("z", request.Failure[0].RequestDeleteRange.RangeEnd.ToStringUtf8());
    }

    [Theory]
    [InlineData("put a")]
    [InlineData("move a b")]
    [InlineData("get a --nonsense")]
    [InlineData("get a b --prefix")]
    public void What_is_no_operation_is_refused(string text) => Assert.Equal(ExitCode.Usage, Assert.Throws<CommandFailedException>(() => Operations.Parse(text)).Code);
}
