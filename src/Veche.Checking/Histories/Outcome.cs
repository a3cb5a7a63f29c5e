namespace Veche.Checking.Histories;

/// <summary>How an operation ended, as its client knows it.</summary>
public enum Outcome
{
    /// <summary>It happened, between its call and its return.</summary>
    Ok,

    /// <summary>It did not happen, and never will.</summary>
    Fail,

    /// <summary>Not known: it may take effect at any moment after its call, or never. Also an operation with no completion.</summary>
    Info,
}
