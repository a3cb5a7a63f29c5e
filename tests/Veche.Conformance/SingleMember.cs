using System.Diagnostics;
using System.Globalization;
using Grpc.Net.Client;

namespace Veche.Conformance;

/// <summary>One member process of Veche or of Debian's etcd, with a directory and ports of its own.</summary>
internal sealed class SingleMember : IAsyncDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("veche-single-").FullName;
    private readonly Process _process;
    private readonly StringWriterPair _output;

    private SingleMember(bool isEtcd, string? dataDirectory, string[] more)
    {
        int[] ports = TestPorts.Free(2);
        ClientUrl = Url(ports[0]);
        DataDirectory = dataDirectory ?? Path.Combine(_directory, "data");
        string peer = more.FirstOrDefault(static flag => flag.StartsWith("--initial-advertise-peer-urls=", StringComparison.Ordinal))?.Split('=', 2)[1] ?? Url(ports[1]);
        string[] flags =
        [
            "--name", "single", "--data-dir", DataDirectory,
            "--listen-client-urls", ClientUrl, "--advertise-client-urls", ClientUrl,
            "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
            "--initial-cluster", "single=" + peer,
            .. more,
        ];
        _process = isEtcd ? Processes.Start("etcd", flags, out _output) : Processes.Start("dotnet", [Processes.Veche, "serve", .. flags], out _output);
        Channel = GrpcChannel.ForAddress(ClientUrl, new GrpcChannelOptions { MaxReceiveMessageSize = null });
    }

    public string ClientUrl { get; }

    public string DataDirectory { get; }

    public GrpcChannel Channel { get; }

    public static async Task<SingleMember> StartAsync(bool isEtcd, string? dataDirectory = null, params string[] more)
    {
        var member = new SingleMember(isEtcd, dataDirectory, more);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(5) };
        while (true)
        {
            Assert.False(member._process.HasExited, member._output.Errors);
            try
            {
                if ((await http.GetStringAsync(member.ClientUrl + "/health", limit.Token)).Contains("\"true\"", StringComparison.Ordinal))
                {
                    return member;
                }
            }
            catch (Exception exception) when (exception is HttpRequestException or TaskCanceledException && !limit.IsCancellationRequested)
            {
                // Not yet; the limit above ends the waiting.
                await Task.Yield();
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        Channel.Dispose();
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private static string Url(int port) => $"http://127.0.0.1:{port.ToString(CultureInfo.InvariantCulture)}";
}
