using System.Globalization;
using System.Text;
using System.Text.Json;
using Veche.Simulation;
using Veche.Simulation.Clients;
using Veche.Simulation.Faults;
using Veche.Simulation.Tracing;

namespace Veche.Cli.Simulate.Report;

/// <summary>
/// A run as JSON. Events are rows of numbers; what stands where is in <c>columns</c>, and what is left out at the end of a row is 0. The writer's
/// own escaping leaves no <c>&lt;</c> in any text, so nothing in it can end the script element that holds it.
/// </summary>
internal static class ReportData
{
    /// <summary>
    /// Times are in nanoseconds: <c>time</c> since the row before, <c>end</c> and <c>call</c> as distances from the row's time. Numbers of members, clients and kinds
    /// that may be missing are one higher than they are, as are the distances, so that 0 says none.
    /// </summary>
    private static readonly string[] Columns =
        ["time", "kind", "member", "text", "values", "other", "end", "message", "term", "index", "commit", "applied", "role", "client", "call", "outcome", "operation", "fault", "span", "members", "others"];

    public static string Write(SimulationResult result, TraceRecorder trace, string command)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            WriteRun(json, result, command);
            WriteEvents(json, result, trace);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length);
    }

    private static void WriteRun(Utf8JsonWriter json, SimulationResult result, string command)
    {
        SimulationPlan plan = result.Plan;

        // A number of a browser does not hold every seed.
        json.WriteString("seed", plan.Seed.ToString(CultureInfo.InvariantCulture));
        json.WriteString("command", command);
        json.WriteString("scenario", plan.Scenario);
        json.WriteString("eventHash", result.EventHash.ToString("x16", CultureInfo.InvariantCulture));
        json.WriteNumber("endNs", result.TimeNs);
        json.WriteNumber("nodes", plan.Nodes);
        json.WriteNumber("clients", plan.Clients);
        json.WriteString("unrecoverable", result.Unrecoverable);
        if (result.Violation is { } violation)
        {
            json.WriteStartObject("violation");
            json.WriteString("property", violation.Property);
            json.WriteString("detail", violation.Detail);
            json.WriteNumber("timeNs", violation.TimeNs);
            json.WriteEndObject();
        }

        WriteTexts(json, "faults", plan.Faults.MeanIntervalMs.Keys.Select(static kind => kind.ToString()));
        WriteTexts(json, "unusual", plan.Buggified);
        json.WriteStartObject("counts");
        foreach ((string name, long count) in result.Counts)
        {
            json.WriteNumber(name, count);
        }

        json.WriteEndObject();
    }

    private static void WriteEvents(Utf8JsonWriter json, SimulationResult result, TraceRecorder trace)
    {
        IReadOnlyList<TraceEvent> events = trace.Events;
        json.WriteNumber("members", Math.Max(result.Plan.Nodes, events.Count == 0 ? 0 : events.Max(static happened => Math.Max(happened.Member, happened.Other)) + 1));
        json.WriteNumber("dropped", trace.Dropped);
        json.WriteNumber("completeFromNs", trace.CompleteFromNs);
        json.WriteStartObject("names");
        WriteTexts(json, "kind", Enum.GetNames<TraceKind>());
        WriteTexts(json, "role", Enum.GetNames<TraceRole>());
        WriteTexts(json, "message", Enum.GetNames<TraceMessage>());
        WriteTexts(json, "outcome", Enum.GetNames<Outcome>());
        WriteTexts(json, "operation", Enum.GetNames<OperationKind>());
        WriteTexts(json, "fault", Enum.GetNames<FaultKind>());
        json.WriteEndObject();
        WriteTexts(json, "columns", Columns);
        var texts = new TextTable();
        List<long?> values = [];
        long lastNs = 0;
        json.WriteStartArray("events");
        foreach (TraceEvent happened in events)
        {
            values.Clear();
            int text = texts.Add(happened.Text, values);
            WriteRow(json, happened, lastNs, text, values);
            lastNs = happened.TimeNs;
        }

        json.WriteEndArray();
        WriteTexts(json, "texts", texts.Patterns);
    }

    private static void WriteRow(Utf8JsonWriter json, TraceEvent happened, long lastNs, int text, List<long?> values)
    {
        long[] rest =
        [
            happened.Other + 1,
            happened.EndNs < 0 ? 0 : happened.EndNs - happened.TimeNs + 1,
            (long)happened.Message,
            happened.Term,
            happened.Index,
            happened.Commit,
            happened.Applied,
            (long)happened.Role,
            happened.Client + 1,
            happened.CallNs < 0 ? 0 : happened.TimeNs - happened.CallNs + 1,
            (long)happened.Outcome,
            happened.Operation is { } operation ? (long)operation + 1 : 0,
            happened.Fault is { } fault ? (long)fault + 1 : 0,
            happened.Span,
        ];
        bool hasSides = happened.Members.Count > 0 || happened.Others.Count > 0;
        int length = hasSides ? rest.Length : Array.FindLastIndex(rest, static value => value != 0) + 1;
        json.WriteStartArray();
        json.WriteNumberValue(happened.TimeNs - lastNs);
        json.WriteNumberValue((int)happened.Kind);
        json.WriteNumberValue(happened.Member + 1);
        json.WriteNumberValue(text);
        if (length > 0 || values.Count > 0)
        {
            WriteValues(json, values);
        }

        for (int i = 0; i < length; i++)
        {
            json.WriteNumberValue(rest[i]);
        }

        if (hasSides)
        {
            WriteValues(json, happened.Members.Select(static member => (long?)member));
            WriteValues(json, happened.Others.Select(static member => (long?)member));
        }

        json.WriteEndArray();
    }

    private static void WriteValues(Utf8JsonWriter json, IEnumerable<long?> values)
    {
        json.WriteStartArray();
        foreach (long? value in values)
        {
            if (value is { } number)
            {
                json.WriteNumberValue(number);
            }
            else
            {
                json.WriteStringValue("#");
            }
        }

        json.WriteEndArray();
    }

    private static void WriteTexts(Utf8JsonWriter json, string name, IEnumerable<string> texts)
    {
        json.WriteStartArray(name);
        foreach (string text in texts)
        {
            json.WriteStringValue(text);
        }

        json.WriteEndArray();
    }
}
