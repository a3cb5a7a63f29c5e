using System.Globalization;
using System.Text;
using Veche.Hosting;

namespace Veche.Server.Semantics;

/// <summary>How a write ended for whoever made it.</summary>
internal enum WriteOutcome
{
    /// <summary>Answered, by what it asked for.</summary>
    Success,

    /// <summary>Nobody knows, or what was asked for was not reached in time.</summary>
    Unknown,

    /// <summary>It will not take effect.</summary>
    Refused,
}

/// <summary>Latency and outcome of writes by concern. Counted with plain interlocked adds, so that a write costs nothing more for it.</summary>
internal sealed class WriteMetrics
{
    private const int Levels = (int)WriteLevel.All + 1;
    private const int Outcomes = (int)WriteOutcome.Refused + 1;

    private readonly DurationHistogram[] _seconds = [.. Enumerable.Range(0, Levels * 2).Select(static _ => new DurationHistogram())];
    private static readonly string[] Acknowledged = ["yes", "no", "unknown"];

    private readonly long[] _rolledBack = new long[Levels * 3];
    private readonly long[] _lost = new long[Levels];
    private readonly long[] _ended = new long[Levels * 2 * Outcomes];

    /// <summary>A write has ended. Refused ones are counted and not timed.</summary>
    public void Ended(WriteConcern concern, WriteOutcome outcome, TimeSpan took)
    {
        int kind = ((int)concern.Level * 2) + (concern.Applied ? 1 : 0);
        Interlocked.Increment(ref _ended[(kind * Outcomes) + (int)outcome]);
        if (outcome != WriteOutcome.Refused)
        {
            _seconds[kind].Observe((long)took.TotalNanoseconds);
        }
    }

    /// <summary>A write was rolled back on this member.</summary>
    /// <param name="level">Of its concern.</param>
    /// <param name="acknowledged">yes, no or unknown.</param>
    /// <param name="isLost">It is certain not to be in the log that takes the place of this one.</param>
    public void RolledBack(WriteLevel level, string acknowledged, bool isLost)
    {
        Interlocked.Increment(ref _rolledBack[((int)level * Acknowledged.Length) + Array.IndexOf(Acknowledged, acknowledged)]);
        if (isLost && acknowledged == "yes")
        {
            Interlocked.Increment(ref _lost[(int)level]);
        }
    }

    /// <summary>Adds them in the format of Prometheus; concerns that nobody has used are left out.</summary>
    /// <param name="text">Gets them.</param>
    /// <param name="refusedAfterNone">Writes that were answered when they were queued, and refused later.</param>
    public void Append(StringBuilder text, long refusedAfterNone)
    {
        AppendLost(text, refusedAfterNone);
        text.Append("# HELP veche_writes_total Writes that ended, by concern and outcome.\n# TYPE veche_writes_total counter\n");
        for (int kind = 0; kind < Levels * 2; kind++)
        {
            for (int outcome = 0; outcome < Outcomes; outcome++)
            {
                if (Interlocked.Read(ref _ended[(kind * Outcomes) + outcome]) is > 0 and long count)
                {
                    text.Append(CultureInfo.InvariantCulture, $"veche_writes_total{{concern=\"{Label(kind)}\",outcome=\"{NameOf((WriteOutcome)outcome)}\"}} {count}\n");
                }
            }
        }

        const string name = "veche_write_seconds";
        text.Append(CultureInfo.InvariantCulture, $"# HELP {name} How long writes took until they were answered, by concern; unknown outcomes count until they were given up.\n# TYPE {name} histogram\n");
        for (int kind = 0; kind < Levels * 2; kind++)
        {
            AppendHistogram(text, name, Label(kind), _seconds[kind]);
        }
    }

    private void AppendLost(StringBuilder text, long refusedAfterNone)
    {
        const string lost = "veche_acknowledged_writes_lost_total";
        text.Append(CultureInfo.InvariantCulture, $"# HELP {lost} Acknowledged writes that were rolled back on this member, by concern; several members may roll back the same. Stays 0 at majority and above.\n# TYPE {lost} counter\n");
        for (int level = 0; level < Levels; level++)
        {
            long count = Interlocked.Read(ref _lost[level]) + (level == (int)WriteLevel.None ? refusedAfterNone : 0);
            text.Append(CultureInfo.InvariantCulture, $"{lost}{{concern=\"{Label((WriteLevel)level)}\"}} {count}\n");
        }

        const string rolledBack = "veche_writes_rolled_back_total";
        text.Append(CultureInfo.InvariantCulture, $"# HELP {rolledBack} Writes that were rolled back on this member, by concern and whether they had been acknowledged.\n# TYPE {rolledBack} counter\n");
        for (int i = 0; i < _rolledBack.Length; i++)
        {
            if (Interlocked.Read(ref _rolledBack[i]) is > 0 and long count)
            {
                text.Append(CultureInfo.InvariantCulture, $"{rolledBack}{{concern=\"{Label((WriteLevel)(i / Acknowledged.Length))}\",acknowledged=\"{Acknowledged[i % Acknowledged.Length]}\"}} {count}\n");
            }
        }
    }

    private static void AppendHistogram(StringBuilder text, string name, string concern, DurationHistogram histogram)
    {
        long total = 0;
        for (int bucket = 0; bucket <= DurationHistogram.BucketCount; bucket++)
        {
            total += histogram.CountOf(bucket);
        }

        if (total == 0)
        {
            return;
        }

        long count = 0;
        for (int bucket = 0; bucket < DurationHistogram.BucketCount; bucket++)
        {
            count += histogram.CountOf(bucket);
            text.Append(CultureInfo.InvariantCulture, $"{name}_bucket{{concern=\"{concern}\",le=\"{DurationHistogram.UpperBoundSeconds(bucket)}\"}} {count}\n");
        }

        text.Append(CultureInfo.InvariantCulture, $"{name}_bucket{{concern=\"{concern}\",le=\"+Inf\"}} {total}\n{name}_sum{{concern=\"{concern}\"}} {histogram.SumSeconds}\n{name}_count{{concern=\"{concern}\"}} {total}\n");
    }

    /// <summary>The kind of concern, without counts and names: those would be a label for every number that a client may think of.</summary>
    public static string Label(WriteLevel level) => level switch
    {
        WriteLevel.None => "none",
        WriteLevel.Leader => "leader",
        WriteLevel.LeaderSynced => "leader+fsync",
        WriteLevel.MajorityMemory => "majority-memory",
        WriteLevel.Members => "number",
        WriteLevel.Majority => "majority",
        WriteLevel.Zones => "zones",
        WriteLevel.AnyOf => "any",
        _ => "all",
    };

    private static string Label(int kind) => Label((WriteLevel)(kind / 2)) + (kind % 2 == 1 ? "+applied" : string.Empty);

    private static string NameOf(WriteOutcome outcome) => outcome switch
    {
        WriteOutcome.Success => "success",
        WriteOutcome.Unknown => "unknown",
        _ => "refused",
    };
}
