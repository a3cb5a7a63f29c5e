using Veche.Simulation.Members;

namespace Veche.Simulation.Tests;

public sealed class PartsTests
{
    [Fact]
    public void Chance_gives_the_same_numbers_on_every_machine()
    {
        var random = new SimulationRandom(42);
        Assert.Equal([1546998764402558742UL, 6990951692964543102UL, 12544586762248559009UL], [random.Next(), random.Next(), random.Next()]);
    }

    [Fact]
    public void Exponential_draws_have_their_mean()
    {
        var random = new SimulationRandom(1);
        double sum = 0;
        for (int i = 0; i < 200_000; i++)
        {
            sum += random.Exponential(1_000_000);
        }

        Assert.InRange(sum / 200_000, 950_000, 1_080_000);
    }

    [Fact]
    public void Events_come_in_order_of_time_and_then_of_scheduling()
    {
        var random = new SimulationRandom(3);
        var queue = new EventQueue();
        var expected = new List<(long Time, long Number)>();
        for (int round = 0; round < 5000; round++)
        {
            long time = random.Below(500);
            queue.Add(time, EventKind.Tick, 0, 0, round, null);
            expected.Add((time, round));
        }

        foreach ((long time, long number) in expected.OrderBy(static item => item.Time).ThenBy(static item => item.Number))
        {
            ScheduledEvent next = queue.Take();
            Assert.Equal((time, number), (next.TimeNs, next.Number));
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(50_000)]
    [InlineData(-50_000)]
    public void A_clock_shows_at_least_what_it_was_asked_for_and_little_more(long ratePpm)
    {
        var clock = new MemberClock(123_456_789_000, ratePpm);
        for (long at = 0; at < 500_000_000_000; at += 7_777_777_777)
        {
            long local = clock.Local(at);
            long back = clock.True(local);
            Assert.InRange(clock.Local(back), local, local + 10_000);
        }

        clock.SetRate(500_000_000_000, 0);
        long shown = clock.Local(500_000_000_000);
        clock.Jump(1_000_000);
        Assert.Equal(shown + 1_000_000, clock.Local(500_000_000_000));
    }
}
