namespace Veche.Cli;

/// <summary>The name that the program was started under. The runtime itself only tells what that name leads to.</summary>
internal static class CalledAs
{
    private const string OwnCommandLine = "/proc/self/cmdline";

    /// <summary>Without directory and extension.</summary>
    public static string Name => Path.GetFileNameWithoutExtension(File.Exists(OwnCommandLine) ? File.ReadAllText(OwnCommandLine).Split('\0')[0] : Environment.GetCommandLineArgs()[0]);
}
