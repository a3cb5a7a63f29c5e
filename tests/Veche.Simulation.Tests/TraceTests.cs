using Veche.Simulation.Clients;
using Veche.Simulation.Faults;
using Veche.Simulation.Tracing;

namespace Veche.Simulation.Tests;

public sealed class TraceTests
{
    [Fact]
    public void A_traced_world_does_the_same_things_as_one_that_is_not()
    {
        for (ulong seed = 1; seed <= 20; seed++)
        {
            SimulationResult untraced = Simulation.Run(SimulationPlan.Draw(seed));
            SimulationResult traced = Simulation.Run(SimulationPlan.Draw(seed), new TraceRecorder());
            Assert.Equal(untraced.EventHash, traced.EventHash);
            Assert.Equal(untraced.Counts, traced.Counts);
        }
    }

    [Fact]
    public void Every_operation_is_traced_once_with_its_client_and_its_end()
    {
        (SimulationResult result, IReadOnlyList<TraceEvent> events) = Trace(3);
        List<TraceEvent> operations = [.. events.Where(static happened => happened.Kind == TraceKind.Operation)];
        Assert.Equal(result.Counts["operations"], operations.Count);
        Assert.Equal(result.Counts["operations done"], operations.Count(static operation => operation.Outcome == Outcome.Done));
        Assert.Contains(operations, static operation => operation.Outcome == Outcome.Unknown);
        Assert.All(operations, operation =>
        {
            Assert.InRange(operation.Client, 0, result.Plan.Clients - 1);
            Assert.NotNull(operation.Operation);
            Assert.InRange(operation.CallNs, 0, operation.TimeNs);
        });
    }

    [Fact]
    public void Every_message_between_members_is_traced_with_both_ends_and_its_arrival()
    {
        (SimulationResult result, IReadOnlyList<TraceEvent> events) = Trace(3);
        List<TraceEvent> messages = [.. events.Where(static happened => happened.Message is TraceMessage.Append or TraceMessage.Heartbeat or TraceMessage.Vote or TraceMessage.Read or TraceMessage.Forward)];
        Assert.Equal(result.Counts["messages"] + result.Counts.GetValueOrDefault("messages repeated"), messages.Count);
        Assert.All(messages, static message =>
        {
            Assert.NotEqual(message.Member, message.Other);
            Assert.True(message.Member >= 0 && message.Other >= 0);
            Assert.True(message.EndNs == -1 || message.EndNs >= message.TimeNs);
        });
        Assert.Contains(messages, static message => message.EndNs == -1);
        Assert.Contains(messages, static message => message is { Message: TraceMessage.Append, Index: > 0, Commit: > 0, Term: > 0 });
    }

    [Fact]
    public void A_members_indexes_are_those_it_ends_with_and_its_terms_never_fall_while_it_runs()
    {
        (SimulationResult result, IReadOnlyList<TraceEvent> events) = Trace(3);
        Assert.Equal(result.Counts["entries committed"], events.Where(static happened => happened.Kind is TraceKind.Role or TraceKind.Progress).Max(static happened => happened.Commit));
        for (int member = 0; member < result.Plan.Nodes; member++)
        {
            long term = 0;
            long commit = 0;
            foreach (TraceEvent happened in events.Where(happened => happened.Member == member && happened.Kind is (TraceKind.Start or TraceKind.Role or TraceKind.Progress)))
            {
                if (happened.Kind == TraceKind.Start)
                {
                    (term, commit) = (0, 0);
                    continue;
                }

                Assert.True(happened.Term >= term && happened.Commit >= commit && happened.Applied <= happened.Commit, $"{happened}");
                (term, commit) = (happened.Term, happened.Commit);
            }
        }
    }

    [Fact]
    public void Each_term_is_led_by_one_member_and_the_trace_says_who()
    {
        (SimulationResult result, IReadOnlyList<TraceEvent> events) = Trace(3);
        var leaders = events.Where(static happened => happened is { Kind: TraceKind.Role, Role: TraceRole.Leader }).Select(static happened => (happened.Term, happened.Member)).Distinct().ToList();
        Assert.Equal(result.Counts["terms led"], leaders.Count);
        Assert.All(events.Where(static happened => happened is { Kind: TraceKind.Role, Role: TraceRole.Leader }), static happened => Assert.Equal(happened.Member, happened.Other));
    }

    [Fact]
    public void Crashes_and_faults_are_traced_as_often_as_they_happen_and_what_is_mended_had_broken()
    {
        var counts = new SortedDictionary<string, long>(StringComparer.Ordinal);
        var traced = new SortedDictionary<FaultKind, long>();
        for (ulong seed = 1; seed <= 60; seed++)
        {
            (SimulationResult result, IReadOnlyList<TraceEvent> events) = Trace(seed);
            foreach ((string name, long count) in result.Counts)
            {
                counts[name] = counts.GetValueOrDefault(name) + count;
            }

            TraceEvent? recovery = events.FirstOrDefault(static happened => happened.Kind == TraceKind.Recovery);
            foreach (TraceEvent broken in events.Where(happened => happened.Fault is not null && happened.Kind == TraceKind.Fault && (recovery is null || happened.TimeNs < recovery.TimeNs)))
            {
                traced[broken.Fault!.Value] = traced.GetValueOrDefault(broken.Fault.Value) + 1;
            }

            Dictionary<int, TraceEvent> begun = events.Where(static happened => happened.Kind == TraceKind.Fault && happened.Span > 0).ToDictionary(static happened => happened.Span);
            Assert.All(events.Where(static happened => happened.Kind == TraceKind.Mend), mended => Assert.True(begun[mended.Span].TimeNs <= mended.TimeNs));
        }

        Assert.Equal(counts["partitions"], traced[FaultKind.Partition]);
        Assert.Equal(counts["one-way partitions"], traced[FaultKind.OneWay]);
        Assert.Equal(counts["links clogged"], traced[FaultKind.Clog]);
        Assert.Equal(counts["links slowed"], traced[FaultKind.SlowLink]);
        Assert.Equal(counts["syncs stalled"], traced[FaultKind.SyncStall]);
        Assert.Equal(counts["syncs failed"], traced[FaultKind.SyncFailure]);
        Assert.Equal(counts["disks full"], traced[FaultKind.DiskFull]);
        Assert.Equal(counts["clocks jumped"], traced[FaultKind.ClockJump]);
        Assert.Equal(counts["clocks drifted"], traced[FaultKind.ClockDrift]);
        Assert.Equal(counts["disks damaged"], traced[FaultKind.BitRot] + traced[FaultKind.LostWrite] + traced[FaultKind.MisdirectedWrite]);
    }

    [Fact]
    public void A_limit_drops_the_first_details_and_nothing_else()
    {
        (_, IReadOnlyList<TraceEvent> all) = Trace(3);
        var limited = new TraceRecorder(200);
        Simulation.Run(SimulationPlan.Draw(3), limited);
        Assert.Equal(all.Count, limited.Events.Count + limited.Dropped);
        Assert.Equal(200, limited.Events.Count(IsDetail));
        Assert.Equal(all.Where(IsDetail).TakeLast(200).Select(static happened => happened.Text), limited.Events.Where(IsDetail).Select(static happened => happened.Text));
        Assert.Equal(all.Where(static happened => !IsDetail(happened)).Select(static happened => happened.Text), limited.Events.Where(static happened => !IsDetail(happened)).Select(static happened => happened.Text));
        Assert.Equal(all.Where(IsDetail).SkipLast(200).Last().TimeNs, limited.CompleteFromNs);
    }

    [Fact]
    public void A_violation_is_the_last_event()
    {
        // Nobody makes progress in no time at all.
        var trace = new TraceRecorder();
        SimulationResult result = Simulation.Run(SimulationPlan.Draw(3) with { RecoveryMs = 0 }, trace);
        Assert.NotNull(result.Violation);
        TraceEvent last = trace.Events[^1];
        Assert.Equal(TraceKind.Violation, last.Kind);
        Assert.Equal(result.Violation.TimeNs, last.TimeNs);
        Assert.Contains(result.Violation.Detail, last.Text, StringComparison.Ordinal);
    }

    private static bool IsDetail(TraceEvent happened) => happened.Kind is TraceKind.Message or TraceKind.Operation or TraceKind.Progress;

    private static (SimulationResult Result, IReadOnlyList<TraceEvent> Events) Trace(ulong seed)
    {
        var trace = new TraceRecorder();
        SimulationResult result = Simulation.Run(SimulationPlan.Draw(seed), trace);
        return (result, trace.Events);
    }
}
