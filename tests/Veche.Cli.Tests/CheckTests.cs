using System.CommandLine;

namespace Veche.Cli.Tests;

public sealed class CheckTests
{
    private const string Written = """
        {"process":0,"type":"invoke","f":"write","value":1}
        {"process":0,"type":"ok","f":"write","value":1}

        """;

    [Theory]
    [InlineData(0, "valid: linearizable", Written + """{"process":1,"type":"invoke","f":"read"}""")]
    [InlineData(0, "valid: linearizable", "")]
    [InlineData(1, "invalid: not linearizable", Written + """
        {"process":1,"type":"invoke","f":"read","value":null}
        {"process":1,"type":"ok","f":"read","value":null}
        """)]
    [InlineData(3, "line 3", Written + "{")]
    [InlineData(3, "line 3", Written + """{"process":1,"type":"invoke","f":"append","value":1}""")]
    public void The_verdict_is_the_exit_code(int code, string said, string history)
    {
        (int exitCode, string text) = Run(history, "--model", "cas-register");
        Assert.Equal(code, exitCode);
        Assert.Contains(said, text, StringComparison.Ordinal);
    }

    [Fact]
    public void Unknown_is_two()
    {
        (int exitCode, string text) = Run("""
            {"process":0,"type":"invoke","f":"append","key":"x","value":1}
            {"process":0,"type":"info","f":"append","key":"x","value":1}
            {"process":1,"type":"invoke","f":"append","key":"x","value":1}
            {"process":1,"type":"ok","f":"append","key":"x","value":1}
            """, "--model", "list-append");
        Assert.Equal(2, exitCode);
        Assert.StartsWith("unknown: ", text, StringComparison.Ordinal);
    }

    [Fact]
    public void An_initial_value_is_taken()
    {
        const string Read = """
            {"process":1,"type":"invoke","f":"read","value":null}
            {"process":1,"type":"ok","f":"read","value":0}
            """;
        Assert.Equal(1, Run(Read, "--model", "register").ExitCode);
        Assert.Equal(0, Run(Read, "--model", "register", "--initial", "0").ExitCode);
        Assert.Equal(3, Run(Read, "--model", "register", "--initial", "{}").ExitCode);
    }

    [Theory]
    [InlineData("--model", "queue")]
    [InlineData("--model", "kv", "--fast")]
    [InlineData("--model", "kv", "--time-limit", "0")]
    [InlineData("--model", "kv", "--memory-limit", "-1")]
    [InlineData]
    public void A_wrong_command_line_is_no_verdict(params string[] arguments) => Assert.Equal(3, Run(string.Empty, arguments).ExitCode);

    [Fact]
    public void A_file_that_is_not_there_is_no_verdict()
    {
        (int exitCode, string text) = Invoke(Path.Combine(Path.GetTempPath(), Path.GetRandomFileName()), "--model", "kv");
        Assert.Equal(3, exitCode);
        Assert.StartsWith("veche: ", text, StringComparison.Ordinal);
    }

    private static (int ExitCode, string Text) Run(string history, params string[] arguments)
    {
        string path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, history);
            return Invoke([path, .. arguments]);
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static (int ExitCode, string Text) Invoke(params string[] arguments)
    {
        var text = new StringWriter();
        ParseResult parsed = new RootCommand { CheckCommand.Create() }.Parse(["check", .. arguments]);
        parsed.InvocationConfiguration.Output = text;
        parsed.InvocationConfiguration.Error = text;
        return (CheckCommand.ExitCodeOf(parsed, parsed.Invoke()), text.ToString());
    }
}
