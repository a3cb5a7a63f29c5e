using Google.Protobuf;
using Veche.Api;

namespace Veche.Cli.Client;

/// <summary>A key and its value as JSON. Bytes that are no UTF-8 text are in the member whose name ends with Base64 instead.</summary>
internal sealed record KeyShape(string? Key, string? KeyBase64, string? Value, string? ValueBase64, long CreateRevision, long ModRevision, long Version, string? Lease)
{
    public static KeyShape? Of(KeyValue? kv) => kv is null ? null : new KeyShape(
        Texts.Utf8(kv.Key), Base64(kv.Key), Texts.Utf8(kv.Value), Base64(kv.Value), kv.CreateRevision, kv.ModRevision, kv.Version, kv.Lease == 0 ? null : Texts.Lease(kv.Lease));

    public static string? Base64(ByteString bytes) => Texts.Utf8(bytes) is null ? bytes.ToBase64() : null;
}

internal sealed record RangeShape(long Revision, long Count, bool More, IEnumerable<KeyShape?> Kvs)
{
    public static RangeShape Of(RangeResponse response) => new(response.Header?.Revision ?? 0, response.Count, response.More, response.Kvs.Select(KeyShape.Of));
}

internal sealed record PutShape(long Revision, KeyShape? Previous)
{
    public static PutShape Of(PutResponse response) => new(response.Header?.Revision ?? 0, KeyShape.Of(response.PrevKv));
}

internal sealed record DeleteShape(long Revision, long Deleted, IEnumerable<KeyShape?> Previous)
{
    public static DeleteShape Of(DeleteRangeResponse response) => new(response.Header?.Revision ?? 0, response.Deleted, response.PrevKvs.Select(KeyShape.Of));
}

internal sealed record EventShape(string Type, KeyShape? Kv, KeyShape? Previous)
{
    public static EventShape Of(Event change) => new(change.Type == Event.Types.EventType.Put ? "put" : "delete", KeyShape.Of(change.Kv), KeyShape.Of(change.PrevKv));
}

/// <summary>What one operation of a transaction answered; one of the four.</summary>
internal sealed record ResultShape(RangeShape? Get, PutShape? Put, DeleteShape? Del, TxnShape? Txn)
{
    public static ResultShape Of(ResponseOp response) => new(
        response.ResponseRange is { } range ? RangeShape.Of(range) : null,
        response.ResponsePut is { } put ? PutShape.Of(put) : null,
        response.ResponseDeleteRange is { } delete ? DeleteShape.Of(delete) : null,
        response.ResponseTxn is { } txn ? TxnShape.Of(txn) : null);
}

internal sealed record TxnShape(long Revision, bool Succeeded, IEnumerable<ResultShape> Results)
{
    public static TxnShape Of(TxnResponse response) => new(response.Header?.Revision ?? 0, response.Succeeded, response.Responses.Select(ResultShape.Of));
}
