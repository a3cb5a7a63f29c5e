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

    /// <summary>Adds them in the format of Prometheus; concerns that nobody has used are left out.</summary>
    public void Append(StringBuilder text)
    {
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
