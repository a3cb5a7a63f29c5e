using System.Net.Security;
using Veche.Server.Options;

namespace Veche.Server.Tls;

/// <summary>Cipher suites by the names that etcd, and Go before it, give them.</summary>
internal static class CipherSuites
{
    /// <summary>TLS 1.3 has its own, all of them good; the setting is about those before it.</summary>
    private static readonly TlsCipherSuite[] Always = [TlsCipherSuite.TLS_AES_128_GCM_SHA256, TlsCipherSuite.TLS_AES_256_GCM_SHA384, TlsCipherSuite.TLS_CHACHA20_POLY1305_SHA256];

    /// <exception cref="OptionException">A name is not known.</exception>
    public static CipherSuitesPolicy? PolicyFor(IReadOnlyList<string> names)
    {
        if (names.Count == 0)
        {
            return null;
        }

        TlsCipherSuite[] suites = [.. names.Select(Parse), .. Always];
        return OperatingSystem.IsWindows()
            ? throw new OptionException("--cipher-suites has no effect on Windows: the system's own policy decides there")
            : new CipherSuitesPolicy(suites.Distinct());
    }

    private static TlsCipherSuite Parse(string name)
    {
        // Go's older names leave the hash out.
        string full = name.EndsWith("_CHACHA20_POLY1305", StringComparison.Ordinal) ? name + "_SHA256" : name;
        return full.StartsWith("TLS_", StringComparison.Ordinal) && Enum.TryParse(full, out TlsCipherSuite suite)
            ? suite
            : throw new OptionException($"--cipher-suites has '{name}', which is no TLS cipher suite; a name looks like TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256");
    }
}
