namespace Veche.Simulation.Disks;

/// <summary>The machine lost power in the middle of what it did. Not an <see cref="IOException"/>: no code under test may handle it.</summary>
internal sealed class CrashException() : Exception("The power went.");
