namespace Veche.Hosting;

/// <summary>A member cannot start as it was asked to. The message says why, and what to do, in one line.</summary>
public sealed class HostStartException : Exception
{
    /// <summary>Creates it.</summary>
    public HostStartException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}
