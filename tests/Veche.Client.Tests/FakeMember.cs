using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Veche.Api;

namespace Veche.Client.Tests;

/// <summary>A member that does what a test tells it, over real sockets, and remembers what it was asked.</summary>
internal sealed class FakeMember : KV.KVBase, IAsyncDisposable
{
    private readonly WebApplication _web;

    private FakeMember()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(static kestrel => kestrel.Listen(System.Net.IPAddress.Loopback, 0, static listen => listen.Protocols = HttpProtocols.Http2));
        builder.Services.AddGrpc();
        builder.Services.AddSingleton(this);
        _web = builder.Build();
        _web.MapGrpcService<FakeMember>();
    }

    /// <summary>What to do with the next calls, in their order; then all succeed.</summary>
    public Queue<Func<ServerCallContext, Task>> Next { get; } = new();

    /// <summary>What every call was sent beside its request.</summary>
    public List<Dictionary<string, string>> Calls { get; } = [];

    /// <summary>Until when each caller waits.</summary>
    public List<DateTime> Deadlines { get; } = [];

    public string Address => _web.Urls.First();

    public static async Task<FakeMember> StartAsync()
    {
        var member = new FakeMember();
        await member._web.StartAsync();
        return member;
    }

    public static Func<ServerCallContext, Task> Fails(StatusCode code, string text) => _ => throw new RpcException(new Status(code, text));

    public override async Task<PutResponse> Put(PutRequest request, ServerCallContext context)
    {
        await TakeAsync(context);
        return new PutResponse { Header = new ResponseHeader { Revision = 7 } };
    }

    public override async Task<RangeResponse> Range(RangeRequest request, ServerCallContext context)
    {
        await TakeAsync(context);
        return new RangeResponse { Header = new ResponseHeader { Revision = 9 } };
    }

    public async ValueTask DisposeAsync() => await _web.DisposeAsync();

    private async Task TakeAsync(ServerCallContext context)
    {
        Func<ServerCallContext, Task>? next;
        lock (Calls)
        {
            Calls.Add(context.RequestHeaders.Where(static entry => !entry.IsBinary).ToDictionary(static entry => entry.Key, static entry => entry.Value));
            Deadlines.Add(context.Deadline);
            Next.TryDequeue(out next);
        }

        if (next is not null)
        {
            await next(context);
        }
    }
}
