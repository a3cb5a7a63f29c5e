using System.CommandLine;
using Google.Protobuf;
using Veche.Api;
using Veche.Cli.Client;
using Veche.Cli.Sessions;

namespace Veche.Cli.Keys;

/// <summary><c>veche get</c>, <c>put</c> and <c>del</c>.</summary>
internal static class KeyCommands
{
    public static Command CreateGet()
    {
        var command = new Command("get", "Read a key or a range of keys.");
        var arguments = new GetArguments(command);
        SemanticsOptions semantics = SemanticsOptions.OfReads(command);
        var valueOnly = new Option<bool>("--print-value-only") { Description = "Values without keys, in the plain form." };
        command.Options.Add(valueOnly);
        return command.Does(async (context, cancellationToken) =>
        {
            RangeRequest request = arguments.Read(context.Parsed);
            semantics.Say(context);
            RangeResponse response = await RangeAsync(context.Connection, request, cancellationToken).ConfigureAwait(false);
            SemanticsOptions.Tell(context);
            switch (context.Output.Format)
            {
                case OutputFormat.Json:
                    context.Output.WriteJson(RangeShape.Of(response), OutputJson.Lines.RangeShape);
                    break;
                case OutputFormat.Table when !request.CountOnly && !context.Parsed.GetValue(valueOnly):
                    KeyOutput.Table(context.Output, response.Kvs);
                    context.Output.WriteLine($"{Texts.Number(response.Kvs.Count)} of {Texts.Number(response.Count)} keys at revision {Texts.Number(request.Revision > 0 ? request.Revision : response.Header.Revision)}");
                    break;
                case OutputFormat.Plain when context.Parsed.GetValue(valueOnly):
                case OutputFormat.Table when context.Parsed.GetValue(valueOnly):
                    response.Kvs.Select(static kv => kv.Value).ToList().ForEach(context.Output.WriteRaw);
                    break;
                default:
                    KeyOutput.Plain(context.Output, response, request.CountOnly);
                    break;
            }
        });
    }

    public static Command CreatePut()
    {
        var command = new Command("put", "Write a key.");
        var arguments = new PutArguments(command);
        SemanticsOptions semantics = SemanticsOptions.OfWrites(command);
        return command.Does(async (context, cancellationToken) =>
        {
            PutRequest request = arguments.Read(context.Parsed, ReadStandardInput);
            Need need = Need.Write(request.Key, ByteString.Empty);
            PutResponse response = await semantics.WriteAsync(context, (member, options) => new KV.KVClient(member).PutAsync(request, options), need, cancellationToken).ConfigureAwait(false);
            SemanticsOptions.Tell(context);
            switch (context.Output.Format)
            {
                case OutputFormat.Json:
                    context.Output.WriteJson(PutShape.Of(response), OutputJson.Lines.PutShape);
                    break;
                case OutputFormat.Table:
                    context.Output.WriteLine(response.Header.Revision > 0 ? $"OK, revision {Texts.Number(response.Header.Revision)}" : "OK, answered before its commit");
                    Previous(context.Output, response.PrevKv is { } previous ? [previous] : []);
                    break;
                default:
                    KeyOutput.Plain(context.Output, response);
                    break;
            }
        });
    }

    public static Command CreateDelete()
    {
        var command = new Command("del", "Delete a key or a range of keys.");
        var arguments = new DeleteArguments(command);
        SemanticsOptions semantics = SemanticsOptions.OfWrites(command);
        return command.Does(async (context, cancellationToken) =>
        {
            DeleteRangeRequest request = arguments.Read(context.Parsed);
            DeleteRangeResponse response = await semantics.WriteAsync(context, (member, options) => new KV.KVClient(member).DeleteRangeAsync(request, options), Need.Write(request.Key, request.RangeEnd), cancellationToken).ConfigureAwait(false);
            SemanticsOptions.Tell(context);
            switch (context.Output.Format)
            {
                case OutputFormat.Json:
                    context.Output.WriteJson(DeleteShape.Of(response), OutputJson.Lines.DeleteShape);
                    break;
                case OutputFormat.Table:
                    context.Output.WriteLine($"{Texts.Number(response.Deleted)} deleted, revision {Texts.Number(response.Header.Revision)}");
                    Previous(context.Output, response.PrevKvs);
                    break;
                default:
                    KeyOutput.Plain(context.Output, response);
                    break;
            }
        });
    }

    /// <summary>A value byte for byte, as it comes.</summary>
    public static ByteString ReadStandardInput()
    {
        using Stream input = Console.OpenStandardInput();
        return ByteString.FromStream(input);
    }

    private static async Task<RangeResponse> RangeAsync(Connection connection, RangeRequest request, CancellationToken cancellationToken)
    {
        try
        {
            return await connection.ReadAsync((member, options) => new KV.KVClient(member).RangeAsync(request, options), Need.Read(request.Key, request.RangeEnd), cancellationToken).ConfigureAwait(false);
        }
        catch (CommandFailedException exception) when (exception.Message.Contains("has been compacted", StringComparison.Ordinal))
        {
            long oldest = await Watches.OldestRevision.FindAsync(connection, request.Key, cancellationToken).ConfigureAwait(false);
            throw oldest > 0 ? new CommandFailedException(exception.Code, $"etcdserver: mvcc: required revision has been compacted. The oldest that can be read is {Texts.Number(oldest)}: --rev {Texts.Number(oldest)}") : exception;
        }
    }

    private static void Previous(Output output, IReadOnlyCollection<KeyValue> previous)
    {
        if (previous.Count > 0)
        {
            output.WriteLine("before:");
            KeyOutput.Table(output, previous);
        }
    }
}
