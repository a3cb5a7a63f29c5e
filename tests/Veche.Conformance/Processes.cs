using System.Diagnostics;

namespace Veche.Conformance;

/// <summary>What a program said.</summary>
public sealed record Output(int ExitCode, string Text, string Errors)
{
    public string Lines => string.Join('|', Text.Split('\n', StringSplitOptions.RemoveEmptyEntries));
}

/// <summary>Programs that run beside the tests.</summary>
internal static class Processes
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    /// <summary>The repository's root, found from where the tests run.</summary>
    public static string Root { get; } = FindRoot();

    public static string Veche => Path.Combine(Root, "src/Veche.Cli/bin/Release/net10.0/veche.dll");

    public static async Task<Output> RunAsync(string program, params IEnumerable<string> arguments)
    {
        using Process process = Start(program, arguments, out StringWriterPair output);
        process.StandardInput.Close();
        using var limit = new CancellationTokenSource(Limit);
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{program} {string.Join(' ', arguments)} did not end in {Limit}; it said: {output.Text}{output.Errors}");
        }

        return new Output(process.ExitCode, output.Text, output.Errors);
    }

    public static Process Start(string program, IEnumerable<string> arguments, out StringWriterPair output)
    {
        var info = new ProcessStartInfo(program) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        info.Environment["ETCDCTL_API"] = "3";
        foreach (string argument in arguments)
        {
            info.ArgumentList.Add(argument);
        }

        var process = new Process { StartInfo = info };
        var said = new StringWriterPair();
        process.OutputDataReceived += (_, line) => said.AddText(line.Data);
        process.ErrorDataReceived += (_, line) => said.AddError(line.Data);
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        output = said;
        return process;
    }

    private static string FindRoot()
    {
        string? directory = AppContext.BaseDirectory;
        while (directory is not null && !File.Exists(Path.Combine(directory, "Veche.slnx")))
        {
            directory = Path.GetDirectoryName(directory);
        }

        return directory ?? throw new InvalidOperationException("The tests must run inside the repository.");
    }
}

/// <summary>What a program says, while it says it.</summary>
internal sealed class StringWriterPair
{
    private readonly Lock _lock = new();
    private readonly List<string> _text = [];
    private readonly List<string> _errors = [];
    private TaskCompletionSource _more = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public string Text => Join(_text);

    public string Errors => Join(_errors);

    public void AddText(string? line) => Add(_text, line);

    public void AddError(string? line) => Add(_errors, line);

    /// <summary>Waits until what was said on standard output satisfies a condition.</summary>
    public async Task WaitAsync(Func<string, bool> condition, TimeSpan limit)
    {
        using var timeout = new CancellationTokenSource(limit);
        while (true)
        {
            Task more;
            lock (_lock)
            {
                more = _more.Task;
            }

            if (condition(Text))
            {
                return;
            }

            try
            {
                await more.WaitAsync(timeout.Token);
            }
            catch (OperationCanceledException)
            {
                throw new TimeoutException($"not said within {limit}; what was said: {Text}{Errors}");
            }
        }
    }

    private void Add(List<string> lines, string? line)
    {
        if (line is null)
        {
            return;
        }

        TaskCompletionSource more;
        lock (_lock)
        {
            lines.Add(line);
            more = _more;
            _more = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        more.SetResult();
    }

    private string Join(List<string> lines)
    {
        lock (_lock)
        {
            return string.Concat(lines.Select(static line => line + "\n"));
        }
    }
}
