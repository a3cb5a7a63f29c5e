using Veche.Server.Auth;

namespace Veche.Server.Tests.Auth;

/// <summary>How long simple tokens are good.</summary>
public sealed class SimpleTokenTableTests
{
    private readonly Clock _clock = new();
    private readonly SimpleTokenTable _tokens;

    public SimpleTokenTableTests() => _tokens = new SimpleTokenTable(TimeSpan.FromSeconds(300), _clock);

    [Fact]
    public void A_token_lives_on_with_each_use()
    {
        _tokens.TokenIssued("alice", "t.5", 5);
        for (int i = 0; i < 10; i++)
        {
            _clock.Pass(299);
            Assert.Equal("alice", _tokens.Use("t.5"));
        }

        _clock.Pass(300);
        Assert.Null(_tokens.Use("t.5"));
        Assert.Null(_tokens.Use("t.6"));
    }

    [Fact]
    public void What_is_no_longer_good_takes_no_room()
    {
        for (int i = 0; i < 10_000; i++)
        {
            _tokens.TokenIssued("alice", $"t.{i}", i);
            _clock.Pass(1);
        }

        Assert.InRange(_tokens.Count, 300, 600);
    }

    [Fact]
    public void They_end_with_their_user_or_with_authentication()
    {
        _tokens.TokenIssued("alice", "a.1", 1);
        _tokens.TokenIssued("alice", "b.2", 2);
        _tokens.TokenIssued("bob", "c.3", 3);
        _tokens.UserInvalidated("alice");
        Assert.Equal((null, null, "bob"), (_tokens.Use("a.1"), _tokens.Use("b.2"), _tokens.Use("c.3")));
        _tokens.Reset();
        Assert.Null(_tokens.Use("c.3"));
    }

    [Fact]
    public void What_was_issued_before_the_process_began_is_not_good_again()
    {
        // The log is applied anew while nobody has said yet how far it reaches.
        _tokens.TokenIssued("alice", "old.7", 7);
        _tokens.Begin(8);
        _tokens.TokenIssued("alice", "old.8", 8);
        _tokens.TokenIssued("alice", "new.9", 9);
        Assert.Equal((null, null, "alice"), (_tokens.Use("old.7"), _tokens.Use("old.8"), _tokens.Use("new.9")));
    }

    private sealed class Clock : TimeProvider
    {
        private long _seconds;

        public override long TimestampFrequency => 1;

        public override long GetTimestamp() => _seconds;

        public void Pass(int seconds) => _seconds += seconds;
    }
}
