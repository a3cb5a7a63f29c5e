using System.Diagnostics;
using System.Globalization;
using System.Text;
using Veche.Checking.Histories;
using Veche.Checking.Models;
using Veche.Checking.Revisions;
using Veche.Simulation;

namespace Veche.Cli.Simulate;

/// <summary><c>veche sim --bench</c>: how fast worlds and judges are on this machine. Processor time is what to compare: a busy machine stretches only the other.</summary>
internal static class SimulateBench
{
    private const int Seconds = 500;

    public static SimulationResult Run(ulong seed)
    {
        // First until everything is compiled as well as it will be.
        for (ulong warmUp = 1; warmUp <= 6; warmUp++)
        {
            Simulation.Simulation.Run(SimulationPlan.ForBenchmark(seed + warmUp, 100));
        }

        long allocated = GC.GetAllocatedBytesForCurrentThread();
        (SimulationResult result, double took, double processor) = Measure(() => Simulation.Simulation.Run(SimulationPlan.ForBenchmark(seed, Seconds)));
        allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
        double simulated = result.TimeNs / 1e9;
        Print($"{simulated:N0} s simulated in {processor:N2} s of processor time ({took:N2} s by the clock) on one thread: {simulated / processor:N0} times as fast as real time ({simulated / took:N0} by the clock)");
        Print($"{result.Events / processor:N0} events a second, {result.Events / simulated:N0} events and {result.Counts["operations"] / simulated:N0} operations a simulated second, {allocated / result.Events:N0} bytes allocated an event");
        Revisions();
        Search();
        return result;
    }

    /// <summary>A million operations of 50 clients, one in two a write, in order of their revisions.</summary>
    private static void Revisions()
    {
        const int Count = 1_000_000;
        const int Clients = 50;

        var operations = new RevisionOperation[Count];
        long revision = 1;
        for (int i = 0; i < Count; i++)
        {
            bool isWrite = i % 2 == 0;
            revision += isWrite ? 1 : 0;
            operations[i] = new RevisionOperation { Call = i, Return = i + Clients, Kind = isWrite ? RevisionOperationKind.Write : RevisionOperationKind.Read, Revision = revision, Process = i % Clients };
        }

        RevisionChecker.Check(operations.AsSpan(0, Count / 10), new Counting());
        (Checking.CheckReport report, _, double processor) = Measure(() => RevisionChecker.Check(operations, new Counting()));
        Print($"judged by revisions: {Count:N0} operations in {processor:N2} s of processor time, {Count / processor:N0} a second: {report.Verdict}");
    }

    /// <summary>50 clients that put, append and get on ten keys.</summary>
    private static void Search()
    {
        byte[] lines = Crowd();
        HistoryVerdict Judge() => HistoryChecker.Check(HistoryReader.Read(new MemoryStream(lines)), HistoryModel.KeyValue);
        for (int warmUp = 0; warmUp < 20; warmUp++)
        {
            Judge();
        }

        (HistoryVerdict verdict, _, double processor) = Measure(Judge);
        Print($"judged by search: 1,700 operations of 50 clients on 10 keys, read and judged in {processor:N3} s of processor time: {verdict.Verdict}");
    }

    private static byte[] Crowd()
    {
        const int Operations = 1_700;

        var random = new SimulationRandom(1);
        var json = new StringBuilder();
        string[] texts = [.. Enumerable.Repeat(string.Empty, 10)];
        var underWay = new (string F, int Key, string? Value, bool IsDone)?[50];
        int called = 0;
        while (called < Operations || underWay.Any(static one => one is not null))
        {
            int client = random.Below(50);
            if (underWay[client] is not { } operation)
            {
                if (called < Operations)
                {
                    int kind = random.Below(10);
                    underWay[client] = (kind == 0 ? "put" : kind < 6 ? "append" : "get", random.Below(10), kind < 6 ? $"x {client} {called} y" : null, false);
                    Write("invoke");
                    called++;
                }
            }
            else if (!operation.IsDone)
            {
                string text = texts[operation.Key];
                texts[operation.Key] = operation.F switch { "put" => operation.Value!, "append" => text + operation.Value, _ => text };
                underWay[client] = operation with { IsDone = true, Value = operation.F == "get" ? text : operation.Value };
            }
            else
            {
                Write("ok");
                underWay[client] = null;
            }

            void Write(string type)
            {
                (string f, int key, string? value, _) = underWay[client]!.Value;
                json.AppendLine(CultureInfo.InvariantCulture, $"{{\"process\": {client}, \"type\": \"{type}\", \"f\": \"{f}\", \"key\": {key}, \"value\": {(value is null ? "null" : $"\"{value}\"")}}}");
            }
        }

        return Encoding.UTF8.GetBytes(json.ToString());
    }

    private static (T Result, double Took, double Processor) Measure<T>(Func<T> what)
    {
        using Process self = Process.GetCurrentProcess();
        TimeSpan before = self.TotalProcessorTime;
        long started = Stopwatch.GetTimestamp();
        T result = what();
        double took = Stopwatch.GetElapsedTime(started).TotalSeconds;
        self.Refresh();
        return (result, took, Math.Max(0.001, (self.TotalProcessorTime - before).TotalSeconds));
    }

    private static void Print(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));

    /// <summary>The bench judges order and time; what is in the states costs whoever keeps them.</summary>
    private struct Counting : IRevisionModel
    {
        private long _writes;

        public bool TryWrite(int operation, bool isResponseKnown) => ++_writes > 0;

        public readonly bool Matches(int operation) => _writes >= 0;

        public readonly string Describe(int operation) => $"operation {operation}";
    }
}
