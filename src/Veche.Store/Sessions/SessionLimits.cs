namespace Veche.Store.Sessions;

/// <summary>Bounds on client sessions. What goes through the log must have the same outcome everywhere, so these are no settings: a change of one is a change of the format.</summary>
public static class SessionLimits
{
    /// <summary>Most sessions at once. One more, and the one that was used least recently (by place in the log) is evicted.</summary>
    public const int MaxSessions = 10_000;

    /// <summary>Most bytes of all sessions and the outcomes they keep. Beyond, the least recently used are evicted.</summary>
    public const long MaxBytes = 32 << 20;

    /// <summary>Outcomes that a session keeps: those of the last so many sequence numbers. A client may have so many requests under way.</summary>
    public const int Window = 128;

    /// <summary>Largest answer that is kept, in bytes. Of a larger one only the revision is: a retry is told so, and does not run again.</summary>
    public const int MaxAnswerBytes = 32 << 10;

    /// <summary>Longest digest of a request, in bytes: its length is kept in one.</summary>
    public const int MaxDigestBytes = 64;

    /// <summary>What a session counts beside its outcomes, and an outcome beside its answer.</summary>
    internal const int OverheadBytes = 96;
}
