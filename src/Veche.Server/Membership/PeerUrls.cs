using System.Diagnostics.CodeAnalysis;
using System.Net;

namespace Veche.Server.Membership;

/// <summary>Peer URLs as text, the way they are kept and compared.</summary>
internal static class PeerUrls
{
    /// <summary>False when there are none, or one has no scheme, host or port, or has a path.</summary>
    public static bool TryNormalize(IEnumerable<string> given, [NotNullWhen(true)] out List<string>? urls)
    {
        urls = [];
        foreach (string text in given)
        {
            if (!Uri.TryCreate(text, UriKind.Absolute, out Uri? url) || (url.Scheme != Uri.UriSchemeHttp && url.Scheme != Uri.UriSchemeHttps) || url.AbsolutePath != "/"
                || (url.IsDefaultPort && !text.TrimEnd('/').EndsWith($":{url.Port}", StringComparison.Ordinal)))
            {
                urls = null;
                return false;
            }

            urls.Add(Urls.Plain(url));
        }

        return urls.Count > 0;
    }

    /// <summary>Where to connect to.</summary>
    public static DnsEndPoint EndpointOf(string url)
    {
        var parsed = new Uri(url);
        return new DnsEndPoint(parsed.IdnHost.Trim('[', ']'), parsed.Port);
    }
}
