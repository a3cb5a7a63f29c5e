using Veche.Store.Auth;

namespace Veche.Server.Auth;

/// <summary>
/// The simple tokens that are good on this member. They come through the log, so a token that any member issued is good on all; how long is each
/// member's own to count, from its last use there. They end with the process.
/// </summary>
internal sealed class SimpleTokenTable(TimeSpan timeToLive, TimeProvider time) : IAuthObserver
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Token> _tokens = new(StringComparer.Ordinal);
    private long _lastSweep = time.GetTimestamp();

    /// <summary>Tokens of entries up to this index are not taken in: they were issued before this process began.</summary>
    private long? _begin;

    /// <summary>Tokens it remembers.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _tokens.Count;
            }
        }
    }

    /// <summary>The log reaches to <paramref name="lastIndex"/> when the process begins: what is in it so far is the past, and must not give an old token a new life.</summary>
    public void Begin(long lastIndex)
    {
        lock (_lock)
        {
            _begin = lastIndex;
            RemoveWhere(known => known.Index <= lastIndex);
        }
    }

    /// <summary>Whose token it is, and it lives on; null when it is nobody's.</summary>
    public string? Use(string token)
    {
        lock (_lock)
        {
            if (!_tokens.TryGetValue(token, out Token? found) || time.GetElapsedTime(found.LastUse) >= timeToLive)
            {
                return null;
            }

            found.LastUse = time.GetTimestamp();
            return found.User;
        }
    }

    /// <inheritdoc/>
    public void TokenIssued(string user, string token, long index)
    {
        lock (_lock)
        {
            if (index <= _begin)
            {
                return;
            }

            _tokens[token] = new Token { User = user, Index = index, LastUse = time.GetTimestamp() };
            if (time.GetElapsedTime(_lastSweep) >= timeToLive)
            {
                _lastSweep = time.GetTimestamp();
                RemoveWhere(known => time.GetElapsedTime(known.LastUse) >= timeToLive);
            }
        }
    }

    /// <inheritdoc/>
    public void UserInvalidated(string user)
    {
        lock (_lock)
        {
            RemoveWhere(known => known.User == user);
        }
    }

    /// <inheritdoc/>
    public void Reset()
    {
        lock (_lock)
        {
            _tokens.Clear();
        }
    }

    private void RemoveWhere(Func<Token, bool> condition)
    {
        foreach (string token in _tokens.Where(known => condition(known.Value)).Select(static known => known.Key).ToList())
        {
            _tokens.Remove(token);
        }
    }

    private sealed class Token
    {
        public required string User { get; init; }

        public required long Index { get; init; }

        public required long LastUse { get; set; }
    }
}
