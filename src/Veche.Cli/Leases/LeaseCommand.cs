using System.CommandLine;
using Grpc.Core;
using Veche.Api;
using Veche.Cli.Client;
using Veche.Cli.Keys;

namespace Veche.Cli.Leases;

/// <summary><c>veche lease</c>.</summary>
internal static class LeaseCommand
{
    public static Command Create() => new("lease", "Leases: keys that go when nobody keeps them alive.")
    {
        CreateGrant(), CreateRevoke(), CreateKeepAlive(), CreateList(), CreateTimeToLive(),
    };

    private static Command CreateGrant()
    {
        var ttl = new Argument<long>("TTL") { Description = "Seconds that it lives without being kept alive." };
        return new Command("grant", "Make a lease.") { ttl }.Does(async (context, cancellationToken) =>
        {
            // With an id of our own a repeated grant would be refused rather than made twice; but etcd's are made by the cluster, and so are ours.
            var request = new LeaseGrantRequest { TTL = context.Parsed.GetValue(ttl) };
            LeaseGrantResponse response = await context.Connection.WriteAsync((member, options) => new Lease.LeaseClient(member).LeaseGrantAsync(request, options), Need.Root, cancellationToken).ConfigureAwait(false);
            Tell(context.Output, new LeaseShape(Texts.Lease(response.ID), response.TTL, null, null), $"lease {Texts.Lease(response.ID)} granted with TTL({Texts.Number(response.TTL)}s)");
        });
    }

    private static Command CreateRevoke()
    {
        Argument<string> id = Id();
        return new Command("revoke", "End a lease, and delete its keys.") { id }.Does(async (context, cancellationToken) =>
        {
            var request = new LeaseRevokeRequest { ID = LeaseIds.Parse(context.Parsed.GetRequiredValue(id)) };
            await context.Connection.WriteAsync((member, options) => new Lease.LeaseClient(member).LeaseRevokeAsync(request, options), Need.Root, cancellationToken).ConfigureAwait(false);
            Tell(context.Output, new LeaseShape(Texts.Lease(request.ID), null, null, null), $"lease {Texts.Lease(request.ID)} revoked");
        });
    }

    private static Command CreateKeepAlive()
    {
        Argument<string> id = Id();
        var once = new Option<bool>("--once") { Description = "One time only." };
        return new Command("keep-alive", "Keep a lease alive, until Ctrl-C or until it is gone.") { id, once }.Does(async (context, cancellationToken) =>
        {
            long lease = LeaseIds.Parse(context.Parsed.GetRequiredValue(id));
            try
            {
                await KeepAliveAsync(context, lease, context.Parsed.GetValue(once), cancellationToken).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                // That is how it ends. The lease lives for its time to live from the last answer.
            }
        });
    }

    private static async Task KeepAliveAsync(ClientContext context, long lease, bool once, CancellationToken cancellationToken)
    {
        while (true)
        {
            // To keep alive twice is to keep alive: it may go to the next member whatever became of the first.
            LeaseKeepAliveResponse response = await context.Connection.ReadAsync((member, options) => KeepAliveOnce(member, lease, options), Need.Root, cancellationToken).ConfigureAwait(false);
            if (response.TTL <= 0)
            {
                throw new CommandFailedException(ExitCode.Refused, $"lease {Texts.Lease(lease)} expired or revoked. Its keys are gone with it; `veche lease grant TTL` makes another");
            }

            Tell(context.Output, new LeaseShape(Texts.Lease(lease), response.TTL, null, null), $"lease {Texts.Lease(lease)} keepalived with TTL({Texts.Number(response.TTL)})");
            if (once)
            {
                return;
            }

            await Task.Delay(TimeSpan.FromSeconds(Math.Max(response.TTL / 3.0, 0.5)), cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>One question and its answer on a stream, in the shape of a single call.</summary>
    private static AsyncUnaryCall<LeaseKeepAliveResponse> KeepAliveOnce(CallInvoker member, long lease, CallOptions options)
    {
        AsyncDuplexStreamingCall<LeaseKeepAliveRequest, LeaseKeepAliveResponse> call = new Lease.LeaseClient(member).LeaseKeepAlive(options);
        return new AsyncUnaryCall<LeaseKeepAliveResponse>(AskAsync(), call.ResponseHeadersAsync, call.GetStatus, call.GetTrailers, call.Dispose);

        async Task<LeaseKeepAliveResponse> AskAsync()
        {
            using (call)
            {
                await call.RequestStream.WriteAsync(new LeaseKeepAliveRequest { ID = lease }).ConfigureAwait(false);
                await call.RequestStream.CompleteAsync().ConfigureAwait(false);
                return await call.ResponseStream.MoveNext(options.CancellationToken).ConfigureAwait(false)
                    ? call.ResponseStream.Current
                    : throw new RpcException(new Grpc.Core.Status(StatusCode.Unavailable, "the stream ended"));
            }
        }
    }

    private static Command CreateList() => new Command("list", "Show the leases there are.").Does(async (context, cancellationToken) =>
    {
        LeaseLeasesResponse response = await context.Connection.ReadAsync(static (member, options) => new Lease.LeaseClient(member).LeaseLeasesAsync(new LeaseLeasesRequest(), options), Need.Root, cancellationToken).ConfigureAwait(false);
        if (context.Output.Format == OutputFormat.Json)
        {
            context.Output.WriteJson(new LeasesShape(response.Leases.Select(static lease => Texts.Lease(lease.ID))), OutputJson.Lines.LeasesShape);
            return;
        }

        context.Output.WriteLine($"found {Texts.Number(response.Leases.Count)} leases");
        foreach (LeaseStatus lease in response.Leases)
        {
            context.Output.WriteLine(Texts.Lease(lease.ID));
        }
    });

    private static Command CreateTimeToLive()
    {
        Argument<string> id = Id();
        var keys = new Option<bool>("--keys") { Description = "Also show its keys." };
        return new Command("timetolive", "Show how long a lease has still to live.") { id, keys }.Does(async (context, cancellationToken) =>
        {
            var request = new LeaseTimeToLiveRequest { ID = LeaseIds.Parse(context.Parsed.GetRequiredValue(id)), Keys = context.Parsed.GetValue(keys) };
            LeaseTimeToLiveResponse response = await context.Connection.ReadAsync((member, options) => new Lease.LeaseClient(member).LeaseTimeToLiveAsync(request, options), Need.Root, cancellationToken).ConfigureAwait(false);
            string attached = request.Keys ? $", attached keys([{string.Join(' ', response.Keys.Select(Texts.Printable))}])" : string.Empty;
            string line = response.TTL < 0
                ? $"lease {Texts.Lease(request.ID)} already expired"
                : $"lease {Texts.Lease(request.ID)} granted with TTL({Texts.Number(response.GrantedTTL)}s), remaining({Texts.Number(response.TTL)}s){attached}";
            Tell(context.Output, new LeaseShape(Texts.Lease(request.ID), response.TTL, response.GrantedTTL, request.Keys ? response.Keys.Select(Texts.Printable) : null), line);
        });
    }

    private static Argument<string> Id() => new("ID") { Description = "The lease, in hexadecimal digits." };

    private static void Tell(Output output, LeaseShape shape, string line)
    {
        if (output.Format == OutputFormat.Json)
        {
            output.WriteJson(shape, OutputJson.Lines.LeaseShape);
        }
        else
        {
            output.WriteLine(line);
        }
    }
}

/// <summary>A lease as JSON; spans are in seconds, and a time to live of -1 says that it is gone.</summary>
internal sealed record LeaseShape(string Lease, long? Ttl, long? GrantedTtl, IEnumerable<string>? Keys);

/// <summary>The leases there are, as JSON.</summary>
internal sealed record LeasesShape(IEnumerable<string> Leases);
