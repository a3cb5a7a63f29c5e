using System.CommandLine;
using Microsoft.Extensions.Logging.Abstractions;
using Veche.Server;
using Veche.Server.Options;

namespace Veche.Cli.Tests.Client;

/// <summary>What a command ended with and wrote.</summary>
internal sealed record Ended(int Code, string Output, string Error);

/// <summary>Runs commands in this process, as their users would, and members for them to speak to.</summary>
internal static class Run
{
    public static async Task<Ended> CommandAsync(params string[] args) => await CommandAsync(CancellationToken.None, args);

    public static async Task<Ended> CommandAsync(CancellationToken cancellationToken, params string[] args)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        int code = await CommandLine.RunAsync(args, new InvocationConfiguration { Output = output, Error = error }, cancellationToken);
        return new Ended(code, output.ToString().ReplaceLineEndings("\n"), error.ToString().ReplaceLineEndings("\n"));
    }

    /// <summary>One member in memory, on any port.</summary>
    public static async Task<VecheServer> MemberAsync(Func<ServerOptions, ServerOptions>? change = null)
    {
        var options = new ServerOptions
        {
            Memory = true,
            ListenClientUrls = [new Uri("http://127.0.0.1:0")],
            ListenPeerUrls = [new Uri("http://127.0.0.1:0")],
            ElectionTimeoutMs = 100,
            HeartbeatIntervalMs = 10,
            BcryptCost = 4,
        };
        return await VecheServer.StartAsync(change is null ? options : change(options), NullLoggerFactory.Instance);
    }
}
