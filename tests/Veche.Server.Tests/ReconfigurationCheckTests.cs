using Veche.Api;
using Veche.Server.Membership;

namespace Veche.Server.Tests;

/// <summary>etcd's table of what the strict check allows. A capital letter has started, a small one has not, a digit is a learner.</summary>
public sealed class ReconfigurationCheckTests
{
    private const string Fine = "";
    private const string NotStarted = "etcdserver: re-configuration failed due to not enough started members";
    private const string Unhealthy = "etcdserver: unhealthy cluster";

    [Theory]
    [InlineData("A", "", Fine)]
    [InlineData("Ab", "b", NotStarted)]
    [InlineData("AB", "", Fine)]
    [InlineData("ABc", "c", NotStarted)]
    [InlineData("ABCd", "d", Unhealthy)]
    [InlineData("ABC", "C", Unhealthy)]
    [InlineData("ABC", "", Fine)]
    public void Adding_a_voter(string members, string down, string refusal) =>
        Assert.Equal(refusal, ReconfigurationCheck.Add(Members(members), Connected(down), asLearner: false)?.Detail ?? Fine);

    [Theory]
    [InlineData("Ab", "", Fine)]
    [InlineData("ABC", "C", Unhealthy)]
    public void Adding_a_learner(string members, string down, string refusal) =>
        Assert.Equal(refusal, ReconfigurationCheck.Add(Members(members), Connected(down), asLearner: true)?.Detail ?? Fine);

    [Theory]
    [InlineData("A", "", 'A', NotStarted)]
    [InlineData("AB", "", 'B', Fine)]
    [InlineData("AB", "B", 'B', Fine)]
    [InlineData("Ab", "b", 'A', NotStarted)]
    [InlineData("ABC", "", 'C', Fine)]
    [InlineData("ABC", "B", 'C', Unhealthy)]
    [InlineData("ABC", "C", 'C', Fine)]
    [InlineData("AB1", "B", '1', Fine)]
    public void Removing(string members, string down, char who, string refusal) =>
        Assert.Equal(refusal, ReconfigurationCheck.Remove(Members(members), Connected(down), who)?.Detail ?? Fine);

    [Theory]
    [InlineData("A1", Fine)]
    [InlineData("Ab1", Fine)]
    [InlineData("Abcd1", NotStarted)]
    public void Promoting(string members, string refusal) =>
        Assert.Equal(refusal, ReconfigurationCheck.Promote(Members(members))?.Detail ?? Fine);

    private static List<Member> Members(string text) =>
        [.. text.Select(static letter => new Member { ID = letter, Name = char.IsLower(letter) ? string.Empty : letter.ToString(), IsLearner = char.IsDigit(letter) })];

    private static Func<ulong, TimeSpan?> Connected(string down) => id => down.Contains((char)id) ? null : TimeSpan.FromMinutes(1);
}
