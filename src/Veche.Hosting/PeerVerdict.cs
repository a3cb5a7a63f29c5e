namespace Veche.Hosting;

/// <summary>What a member thinks of another that connects to it.</summary>
public enum PeerVerdict
{
    /// <summary>It may speak.</summary>
    Welcome,

    /// <summary>It was removed from the cluster, for good.</summary>
    Removed,

    /// <summary>It has been started before, with another log. What it had promised is forgotten, so nothing it promises now can be trusted.</summary>
    LostItsDisk,
}

/// <summary>The other members do not accept this one any more, and it has stopped itself.</summary>
/// <param name="verdict">Why, for code.</param>
/// <param name="message">Why, and what to do, for people.</param>
public sealed class MemberExpelledException(PeerVerdict verdict, string message) : Exception(message)
{
    /// <summary>Why.</summary>
    public PeerVerdict Verdict { get; } = verdict;
}
