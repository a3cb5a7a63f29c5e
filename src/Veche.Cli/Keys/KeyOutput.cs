using Veche.Api;
using Veche.Cli.Client;

namespace Veche.Cli.Keys;

/// <summary>Keys as tables and in etcdctl's simple form.</summary>
internal static class KeyOutput
{
    private static readonly string[] Columns = ["key", "value", "version", "created", "modified", "lease"];

    public static void Table(Output output, IEnumerable<KeyValue> kvs) => output.WriteTable(Columns, kvs.Select(Row));

    public static void Plain(Output output, KeyValue kv)
    {
        output.WriteRaw(kv.Key);
        output.WriteRaw(kv.Value);
    }

    public static void Plain(Output output, RangeResponse response, bool countOnly)
    {
        if (countOnly)
        {
            output.WriteLine(Texts.Number(response.Count));
        }

        foreach (KeyValue kv in response.Kvs)
        {
            Plain(output, kv);
        }
    }

    public static void Plain(Output output, PutResponse response)
    {
        output.WriteLine("OK");
        if (response.PrevKv is { } previous)
        {
            Plain(output, previous);
        }
    }

    public static void Plain(Output output, DeleteRangeResponse response)
    {
        output.WriteLine(Texts.Number(response.Deleted));
        foreach (KeyValue previous in response.PrevKvs)
        {
            Plain(output, previous);
        }
    }

    private static string[] Row(KeyValue kv) =>
        [Texts.Printable(kv.Key), Texts.Printable(kv.Value), Texts.Number(kv.Version), Texts.Number(kv.CreateRevision), Texts.Number(kv.ModRevision), kv.Lease == 0 ? "-" : Texts.Lease(kv.Lease)];
}
