using System.CommandLine;
using Veche.Cli.Client;

namespace Veche.Cli.Tests.Client;

public sealed class ConnectionOptionsTests
{
    [Fact]
    public void Endpoints_come_from_the_command_line_then_our_variable_then_etcdctls()
    {
        Dictionary<string, string> environment = new() { ["ETCDCTL_ENDPOINTS"] = "etcd:1", ["VECHE_ENDPOINTS"] = "ours:2, https://ours:3" };
        Assert.Equal(["http://said:4"], Read(environment, "--endpoints", "said:4").Endpoints);
        Assert.Equal(["http://ours:2", "https://ours:3"], Read(environment).Endpoints);
        environment.Remove("VECHE_ENDPOINTS");
        Assert.Equal(["http://etcd:1"], Read(environment).Endpoints);
        Assert.Equal(["http://127.0.0.1:2379"], Read([]).Endpoints);
        Assert.Equal(["https://said:4"], Read([], "--endpoints", "said:4", "--cacert", "ca.crt").Endpoints);
        Assert.Equal(ExitCode.Usage, Assert.Throws<CommandFailedException>(() => Read([], "--endpoints", "a b")).Code);
    }

    [Fact]
    public void Passwords_come_from_many_places_and_are_never_shown()
    {
        Assert.Equal(("u", "p:q"), UserOf(Read([], "--user", "u:p:q")));
        Assert.Equal(("u:x", "p"), UserOf(Read([], "--user", "u:x", "--password", "p")));
        Assert.Equal(("u", "p"), UserOf(Read(new() { ["ETCDCTL_USER"] = "u:p" })));
        Assert.Equal(("u", "typed for u"), UserOf(Read([], "--user", "u")));
        Assert.DoesNotContain("p:q", Read([], "--user", "u:p:q").ToString(), StringComparison.Ordinal);
        Assert.Contains("no terminal", Assert.Throws<CommandFailedException>(static () => Read([], static _ => null, "--user", "u")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("5s", 5000)]
    [InlineData("250ms", 250)]
    [InlineData("1.5m", 90_000)]
    [InlineData("3", 3000)]
    public void Timeouts_have_units(string text, int milliseconds) => Assert.Equal(TimeSpan.FromMilliseconds(milliseconds), Read([], "--timeout", text).Timeout);

    private static (string?, string) UserOf(ConnectionSettings settings) => (settings.User, settings.Password.Reveal());

    private static ConnectionSettings Read(Dictionary<string, string> environment, params string[] args) => ConnectionOptions.Read(Parse(args), environment.GetValueOrDefault, static user => "typed for " + user);

    private static ConnectionSettings Read(Dictionary<string, string> environment, Func<string, string?> ask, params string[] args) => ConnectionOptions.Read(Parse(args), environment.GetValueOrDefault, ask);

    private static ParseResult Parse(string[] args)
    {
        var command = new Command("test");
        ConnectionOptions.AddTo(command);
        return command.Parse(args);
    }
}
