using System.CommandLine;
using Google.Protobuf;
using Veche.Api;
using Veche.Cli.Client;
using Veche.Cli.Keys;
using Veche.Cli.Sessions;

namespace Veche.Cli.Transactions;

/// <summary><c>veche txn</c>.</summary>
internal static class TxnCommand
{
    private static readonly string[] Parts = ["conditions", "operations when they hold", "operations when they do not"];

    public static Command Create()
    {
        var conditions = new Option<string[]>("--if") { Description = "A condition, such as version(\"k\") = 0. Can be given again: all must hold." };
        var then = new Option<string[]>("--then") { Description = "What to do when they hold: get, put or del as on the command line. Can be given again." };
        var otherwise = new Option<string[]>("--else") { Description = "What to do when they do not." };
        var command = new Command("txn", "Do several things at once, depending on conditions. Without options it reads etcdctl's form from standard input: conditions, an empty line, operations, an empty line, operations otherwise.") { conditions, then, otherwise };
        SemanticsOptions semantics = SemanticsOptions.OfWrites(command);
        return command.Does(async (context, cancellationToken) =>
        {
            string[] holds = context.Parsed.GetValue(conditions) ?? [];
            string[] success = context.Parsed.GetValue(then) ?? [];
            string[] failure = context.Parsed.GetValue(otherwise) ?? [];
            TxnRequest request = holds.Length + success.Length + failure.Length > 0
                ? Make(holds, success, failure)
                : Read(Console.In, Console.IsInputRedirected ? null : context.Error);
            TxnResponse response = await SendAsync(context, semantics, request, cancellationToken).ConfigureAwait(false);
            SemanticsOptions.Tell(context);
            if (context.Output.Format == OutputFormat.Json)
            {
                context.Output.WriteJson(TxnShape.Of(response), OutputJson.Lines.TxnShape);
            }
            else
            {
                Plain(context.Output, response, request);
            }
        });
    }

    /// <summary>Reads etcdctl's form.</summary>
    public static TxnRequest Read(TextReader reader, TextWriter? prompt = null)
    {
        List<string>[] parts = [[], [], []];
        for (int part = 0; part < parts.Length; part++)
        {
            prompt?.WriteLine($"{Parts[part]}, then an empty line:");
            while (reader.ReadLine() is { } line && line.Trim().Length > 0)
            {
                parts[part].Add(line);
            }
        }

        return Make(parts[0], parts[1], parts[2]);
    }

    public static TxnRequest Make(IEnumerable<string> conditions, IEnumerable<string> success, IEnumerable<string> failure)
    {
        var request = new TxnRequest();
        request.Compare.AddRange(conditions.Select(Comparisons.Parse));
        request.Success.AddRange(success.Select(Operations.Parse));
        request.Failure.AddRange(failure.Select(Operations.Parse));
        return request;
    }

    private static Task<TxnResponse> SendAsync(ClientContext context, SemanticsOptions semantics, TxnRequest request, CancellationToken cancellationToken)
    {
        List<RequestOp> all = [.. request.Success, .. request.Failure];
        Connection.Call<TxnResponse> call = (member, options) => new KV.KVClient(member).TxnAsync(request, options);
        ByteString key = request.Compare.Select(static compare => compare.Key).Concat(all.Select(KeyOf)).FirstOrDefault(ByteString.Empty);
        return all.All(static operation => operation.RequestRange is not null)
            ? context.Connection.ReadAsync(call, Need.Read(key, ByteString.Empty), cancellationToken)
            : semantics.WriteAsync(context, call, new Need("readwrite", key, ByteString.Empty), cancellationToken);
    }

    private static ByteString KeyOf(RequestOp operation) => operation.RequestPut?.Key ?? operation.RequestRange?.Key ?? operation.RequestDeleteRange!.Key;

    private static void Plain(Output output, TxnResponse response, TxnRequest request)
    {
        output.WriteLine(response.Succeeded ? "SUCCESS" : "FAILURE");
        IList<RequestOp> asked = response.Succeeded ? request.Success : request.Failure;
        for (int i = 0; i < response.Responses.Count; i++)
        {
            ResponseOp result = response.Responses[i];
            output.WriteLine(string.Empty);
            switch (result.ResponseCase)
            {
                case ResponseOp.ResponseOneofCase.ResponseRange when output.Format == OutputFormat.Table && !asked[i].RequestRange.CountOnly:
                    KeyOutput.Table(output, result.ResponseRange.Kvs);
                    break;
                case ResponseOp.ResponseOneofCase.ResponseRange:
                    KeyOutput.Plain(output, result.ResponseRange, asked[i].RequestRange.CountOnly);
                    break;
                case ResponseOp.ResponseOneofCase.ResponsePut:
                    KeyOutput.Plain(output, result.ResponsePut);
                    break;
                default:
                    KeyOutput.Plain(output, result.ResponseDeleteRange);
                    break;
            }
        }
    }
}
