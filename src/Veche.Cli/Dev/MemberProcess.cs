using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Veche.Cli.Dev;

/// <summary>A member as a child process.</summary>
internal sealed class MemberProcess(DevMember member, Func<ProcessStartInfo> start) : IDisposable
{
    private const int TerminateSignal = 15;
    private static readonly TimeSpan StopTime = TimeSpan.FromSeconds(8);

    private readonly System.Threading.Lock _lock = new();
    private Process? _process;
    private StreamWriter? _log;
    private string _lastLine = string.Empty;

    public DevMember Member => member;

    public int? ProcessId => _process is { HasExited: false } process ? process.Id : null;

    public bool IsRunning => ProcessId is not null;

    /// <summary>The last line it wrote: when it has ended, usually why.</summary>
    public string LastLine
    {
        get
        {
            lock (_lock)
            {
                return _lastLine;
            }
        }
    }

    public void Start()
    {
        _process?.Dispose();
        _log?.Dispose();
        _log = null;
        if (member.Directory is { } directory)
        {
            Directory.CreateDirectory(directory);
            _log = new StreamWriter(Path.Combine(directory, "member.log"), append: true) { AutoFlush = true };
        }

        ProcessStartInfo info = start();
        info.RedirectStandardError = true;
        info.RedirectStandardInput = true;
        _process = new Process { StartInfo = info };
        _process.ErrorDataReceived += (_, line) => Note(line.Data);
        _process.Start();
        _process.BeginErrorReadLine();
    }

    /// <summary>kill -9.</summary>
    public void Kill()
    {
        if (_process is { HasExited: false } process)
        {
            process.Kill();
            process.WaitForExit();
        }
    }

    /// <summary>Asks it to stop, and makes it when it does not.</summary>
    public async Task StopAsync()
    {
        if (_process is not { HasExited: false } process)
        {
            return;
        }

        _ = SendSignal(process.Id, TerminateSignal);
        using var limit = new CancellationTokenSource(StopTime);
        try
        {
            await process.WaitForExitAsync(limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            Kill();
        }
    }

    public void Dispose()
    {
        Kill();
        _process?.Dispose();
        _log?.Dispose();
    }

    private void Note(string? line)
    {
        if (line is null)
        {
            return;
        }

        lock (_lock)
        {
            _lastLine = line;
            try
            {
                _log?.WriteLine(line);
            }
            catch (ObjectDisposedException)
            {
                _log = null;
            }
        }
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static extern int SendSignal(int process, int signal);
}
