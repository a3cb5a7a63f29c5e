using System.Globalization;

namespace Veche.Server;

/// <summary>Which version a cluster may go back to: the one with the minor number before its own.</summary>
internal static class DowngradeTarget
{
    /// <summary>Checks a version such as 3.3.0 or 3.3; returns when it may be gone back to.</summary>
    /// <exception cref="Grpc.Core.RpcException">It is no version, or not that one.</exception>
    public static void Check(string target, string cluster)
    {
        (int major, int minor) = Parse(target) ?? throw Errors.WrongDowngradeFormat();
        (int ownMajor, int ownMinor) = Parse(cluster)!.Value;
        if (major != ownMajor || minor != ownMinor - 1)
        {
            throw Errors.InvalidDowngradeTarget();
        }
    }

    private static (int Major, int Minor)? Parse(string version)
    {
        string[] parts = version.Split('.');
        int[] numbers = new int[parts.Length];
        for (int i = 0; i < parts.Length; i++)
        {
            if (!int.TryParse(parts[i], NumberStyles.None, CultureInfo.InvariantCulture, out numbers[i]))
            {
                return null;
            }
        }

        return numbers.Length is 2 or 3 ? (numbers[0], numbers[1]) : null;
    }
}
