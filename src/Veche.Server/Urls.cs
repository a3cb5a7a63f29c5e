using System.Net;
using Veche.Server.Options;

namespace Veche.Server;

/// <summary>URLs as addresses.</summary>
internal static class Urls
{
    /// <summary>Scheme, host and port: without the slash that <see cref="Uri"/> adds, and with the port that it leaves out when it is the scheme's usual one.</summary>
    public static string Plain(Uri url) => $"{url.Scheme}://{url.Host}:{url.Port}";

    /// <summary>Where a listen URL binds; a name is looked up.</summary>
    /// <exception cref="OptionException">The name is unknown.</exception>
    public static IReadOnlyList<IPEndPoint> ToEndpoints(Uri url)
    {
        string host = url.IdnHost.Trim('[', ']');
        if (IPAddress.TryParse(host, out IPAddress? address))
        {
            return [new IPEndPoint(address, url.Port)];
        }

        if (host == "localhost")
        {
            return [new IPEndPoint(IPAddress.Loopback, url.Port)];
        }

        try
        {
            return [.. Dns.GetHostAddresses(host).Select(found => new IPEndPoint(found, url.Port))];
        }
        catch (System.Net.Sockets.SocketException exception)
        {
            throw new OptionException($"the host of {url} is not known: {exception.Message}");
        }
    }
}
