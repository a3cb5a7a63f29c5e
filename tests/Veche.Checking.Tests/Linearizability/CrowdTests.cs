using System.Text;
using Veche.Checking.Models;

namespace Veche.Checking.Tests.Linearizability;

/// <summary>Fifty clients that put, append and get on ten keys at once: the shape that searches without partition or memory do not finish.</summary>
public sealed class CrowdTests
{
    // Far above what it takes and far below what a search without its pruning takes; in steps, so that it is the same on every machine.
    private static readonly CheckLimits Limits = new() { Steps = 2_000_000 };

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Fifty_clients_on_ten_keys(int seed)
    {
        Assert.Equal(Verdict.Valid, HistoryChecker.Check(Notation.Parse(Lines(seed, isBroken: false)), HistoryModel.KeyValue, Limits).Verdict);
        Assert.Equal(Verdict.Invalid, HistoryChecker.Check(Notation.Parse(Lines(seed, isBroken: true)), HistoryModel.KeyValue, Limits).Verdict);
    }

    /// <summary>1,700 operations; the broken one has a get that misses half of what was appended.</summary>
    internal static string Lines(int seed, bool isBroken)
    {
        var random = new Random(seed);
        var json = new StringBuilder();
        string[] texts = [.. Enumerable.Repeat(string.Empty, 10)];
        var underWay = new (string F, int Key, string? Value, bool IsDone)?[50];
        int called = 0;
        int brokenAt = isBroken ? 1_200 : int.MaxValue;
        while (called < 1_700 || underWay.Any(static one => one is not null))
        {
            int client = random.Next(50);
            if (underWay[client] is not { } operation)
            {
                if (called < 1_700)
                {
                    int key = random.Next(10);
                    int kind = random.Next(10);
                    underWay[client] = kind == 0 ? ("put", key, $"<{called}>", false) : kind < 6 ? ("append", key, $"x {client} {called} y", false) : ("get", key, null, false);
                    Write(json, client, "invoke", underWay[client]!.Value);
                    called++;
                }
            }
            else if (!operation.IsDone)
            {
                string text = texts[operation.Key];
                string seen = called > brokenAt && text.Length > 200 ? text[..(text.IndexOf('y', text.Length / 2) + 1)] : text;
                brokenAt = operation.F == "get" && seen != text ? int.MaxValue : brokenAt;
                texts[operation.Key] = operation.F == "put" ? operation.Value! : operation.F == "append" ? text + operation.Value : text;
                underWay[client] = operation with { IsDone = true, Value = operation.F == "get" ? seen : operation.Value };
            }
            else
            {
                Write(json, client, "ok", operation);
                underWay[client] = null;
            }
        }

        return json.ToString();
    }

    private static void Write(StringBuilder json, int client, string type, (string F, int Key, string? Value, bool IsDone) operation) =>
        json.AppendLine($"{{\"process\": {client}, \"type\": \"{type}\", \"f\": \"{operation.F}\", \"key\": {operation.Key}, \"value\": {(operation.Value is null ? "null" : $"\"{operation.Value}\"")}}}");
}
