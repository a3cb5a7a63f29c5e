namespace Veche.Checking.Linearizability;

/// <summary>When an operation was under way. Both ends belong to it: one that is called at the moment another returns is concurrent with it.</summary>
/// <param name="Call">When it was called, in any unit.</param>
/// <param name="Return">When it returned, in the same unit; <see cref="Open"/> when its outcome is not known.</param>
public readonly record struct Interval(long Call, long Return)
{
    /// <summary>The return of an operation that may take effect at any later time, or never.</summary>
    public const long Open = long.MaxValue;
}
