using Veche.Server.Admission;

namespace Veche.Server.Tests.Admission;

public sealed class CompletionRateTests
{
    private readonly CompletionRate _rate = new();

    [Fact]
    public void The_best_whole_second_counts_and_the_one_under_way_does_not()
    {
        Complete(3, 100);
        Complete(7, 1_900);
        Complete(50, 2_000);

        Assert.Equal(0, _rate.Best(500));
        Assert.Equal(3, _rate.Best(1_950));
        Assert.Equal(7, _rate.Best(2_999));
        Assert.Equal(50, _rate.Best(3_000));
    }

    [Fact]
    public void What_is_ten_seconds_old_is_forgotten()
    {
        Complete(7, 0);

        Assert.Equal(7, _rate.Best(10_999));
        Assert.Equal(0, _rate.Best(11_000));
    }

    [Fact]
    public void A_second_begins_anew_where_one_of_long_ago_was_counted()
    {
        Complete(7, 0);
        Complete(2, 16_000);

        Assert.Equal(2, _rate.Best(17_000));
    }

    private void Complete(int count, long nowMs)
    {
        for (int i = 0; i < count; i++)
        {
            _rate.Completed(nowMs);
        }
    }
}
