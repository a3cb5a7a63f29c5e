namespace Veche.Checking;

/// <summary>What a checker says about a history.</summary>
public enum Verdict
{
    /// <summary>Every rule that was asked about holds.</summary>
    Valid,

    /// <summary>A rule is broken, and the checker can show where.</summary>
    Invalid,

    /// <summary>Time or memory ran out, or the history does not say enough. Never to be read as valid.</summary>
    Unknown,
}
