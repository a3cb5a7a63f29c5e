namespace Veche.Server;

/// <summary>A member cannot start as it was asked to. The message says why, and what to do, in one line.</summary>
public sealed class ServerStartException(string message, Exception? inner = null) : Exception(message, inner);
