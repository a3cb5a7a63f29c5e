using System.CommandLine;
using System.Reflection;

namespace Veche.Cli;

/// <summary><c>veche version</c>.</summary>
internal static class VersionCommand
{
    public static string Version =>
        typeof(VersionCommand).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;

    public static Command Create()
    {
        var command = new Command("version", "Print the version.");
        command.SetAction(_ =>
        {
            Console.WriteLine($"veche {Version}");
            return 0;
        });
        return command;
    }
}
