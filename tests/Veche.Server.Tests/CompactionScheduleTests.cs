using Veche.Server.Options;

namespace Veche.Server.Tests;

public sealed class CompactionScheduleTests
{
    [Theory]
    [InlineData("periodic", "0", 0, 0)]
    [InlineData("periodic", "2", 7200, 0)]
    [InlineData("periodic", "90m", 5400, 0)]
    [InlineData("periodic", "1h30m", 5400, 0)]
    [InlineData("revision", "1000", 0, 1000)]
    public void Settings_mean_what_they_mean_in_etcd(string mode, string retention, double seconds, long revisions) =>
        Assert.Equal(new AutoCompaction(TimeSpan.FromSeconds(seconds), revisions), AutoCompaction.Parse(mode, retention));

    [Theory]
    [InlineData("periodic", "soon")]
    [InlineData("periodic", "-1")]
    [InlineData("revision", "1h")]
    public void Others_are_refused(string mode, string retention) => Assert.Throws<OptionException>(() => AutoCompaction.Parse(mode, retention));

    [Fact]
    public void A_period_is_kept_whole_and_then_compacted_once_a_period()
    {
        CompactionSchedule schedule = CompactionSchedule.Of(new AutoCompaction(TimeSpan.FromMinutes(10), 0), TimeSpan.Zero)!;
        Assert.Equal(TimeSpan.FromMinutes(1), schedule.Interval);
        List<(int Minute, long Revision)> compactions = [];
        for (int minute = 1; minute <= 31; minute++)
        {
            var now = TimeSpan.FromMinutes(minute);
            if (schedule.Look(now, 100 + minute, leads: true) is { } revision)
            {
                compactions.Add((minute, revision));
                schedule.Done(now, revision);
            }
        }

        // What is compacted is at least ten minutes old, but for the first notes.
        Assert.Equal([(10, 101L), (20, 110L), (30, 120L)], compactions);
    }

    [Fact]
    public void A_long_period_is_compacted_every_hour()
    {
        CompactionSchedule schedule = CompactionSchedule.Of(new AutoCompaction(TimeSpan.FromHours(3), 0), TimeSpan.Zero)!;
        List<double> hours = [];
        for (TimeSpan now = schedule.Interval; now <= TimeSpan.FromHours(6); now += schedule.Interval)
        {
            if (schedule.Look(now, (long)now.TotalSeconds, leads: true) is { } revision)
            {
                hours.Add(now.TotalHours);
                schedule.Done(now, revision);
            }
        }

        Assert.Equal([3, 4, 5, 6], hours);
    }

    [Fact]
    public void Who_does_not_lead_notes_but_does_not_act_and_a_failure_is_tried_again()
    {
        CompactionSchedule schedule = CompactionSchedule.Of(new AutoCompaction(TimeSpan.FromMinutes(10), 0), TimeSpan.Zero)!;
        for (int minute = 1; minute < 30; minute++)
        {
            Assert.Null(schedule.Look(TimeSpan.FromMinutes(minute), minute, leads: false));
        }

        Assert.Equal(20, schedule.Look(TimeSpan.FromMinutes(30), 30, leads: true));
        Assert.Equal(21, schedule.Look(TimeSpan.FromMinutes(31), 31, leads: true));
    }

    [Fact]
    public void Revisions_are_kept_by_number()
    {
        CompactionSchedule schedule = CompactionSchedule.Of(new AutoCompaction(TimeSpan.Zero, 100), TimeSpan.Zero)!;
        Assert.Null(schedule.Look(TimeSpan.FromMinutes(5), 100, leads: true));
        Assert.Equal(50, schedule.Look(TimeSpan.FromMinutes(10), 150, leads: true));
        schedule.Done(TimeSpan.FromMinutes(10), 50);
        Assert.Null(schedule.Look(TimeSpan.FromMinutes(15), 150, leads: true));
    }
}
