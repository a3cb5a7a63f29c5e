using Google.Protobuf;
using Veche.Api;
using Veche.Server.Semantics;

namespace Veche.Cli.Rollbacks;

/// <summary>One key of a rollback file that may be written again.</summary>
/// <param name="Record">The last that the file says about the key.</param>
/// <param name="ExpectedModRevision">What the key's mod_revision should still be: what it was when the first write to it was rolled back. Null when that is not known.</param>
/// <param name="WhyNot">Why it is not written again, whatever is there; null when it may be.</param>
internal sealed record Reapplication(RollbackRecord Record, long? ExpectedModRevision, string? WhyNot)
{
    /// <summary>The key, for people.</summary>
    public string Shown => Record.Key ?? (Record.KeyBase64 is { } bytes ? "base64:" + Convert.ToBase64String(bytes) : $"index {Record.Index}");

    /// <summary>What a file means: for each key its last state, in the order of the log; and what cannot be written again, with the reason.</summary>
    public static IReadOnlyList<Reapplication> Plan(IReadOnlyList<RollbackRecord> records, bool all)
    {
        List<Reapplication> plan = [];
        Dictionary<string, int> byKey = new(StringComparer.Ordinal);
        foreach (RollbackRecord record in records.Where(record => all || record.Acknowledged != "no").OrderBy(static record => record.Index))
        {
            string? whyNot = record.Kind switch
            {
                "put" when record.Lease is not null => "left alone: its lease may be gone; put it by hand",
                "put" => null,
                "delete_range" when record.RangeEndBytes.Length == 0 => null,
                "delete_range" => "left alone: a range may hold other keys now; delete by hand",
                _ => "left alone: only puts and deletes of single keys can be written again",
            };
            string key = Convert.ToBase64String(record.KeyBytes);
            if (whyNot is null && byKey.TryGetValue(key, out int at))
            {
                plan[at] = plan[at] with { Record = record };
                continue;
            }

            if (whyNot is null)
            {
                byKey[key] = plan.Count;
            }

            plan.Add(new Reapplication(record, record.ModRevision, whyNot));
        }

        return plan;
    }

    /// <summary>The write, guarded by what was there unless it is forced.</summary>
    public TxnRequest ToRequest(bool force)
    {
        var key = ByteString.CopyFrom(Record.KeyBytes);
        var request = new TxnRequest();
        if (!force)
        {
            request.Compare.Add(new Compare { Key = key, Target = Compare.Types.CompareTarget.Mod, Result = Compare.Types.CompareResult.Equal, ModRevision = ExpectedModRevision ?? 0 });
        }

        request.Success.Add(Record.Kind == "put"
            ? new RequestOp { RequestPut = new PutRequest { Key = key, Value = ByteString.CopyFrom(Record.ValueBytes) } }
            : new RequestOp { RequestDeleteRange = new DeleteRangeRequest { Key = key } });
        return request;
    }
}
