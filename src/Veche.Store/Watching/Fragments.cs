using Veche.Api;

namespace Veche.Store.Watching;

/// <summary>Cuts responses that are too large for clients that asked for it. All parts but the last say that more comes.</summary>
internal static class Fragments
{
    public static void Split(List<WatchResponse> responses, int maxBytes, Func<long, bool> mayCut)
    {
        for (int i = responses.Count - 1; i >= 0; i--)
        {
            WatchResponse whole = responses[i];
            if (whole.Events.Count > 1 && mayCut(whole.WatchId) && whole.CalculateSize() > maxBytes)
            {
                responses.RemoveAt(i);
                responses.InsertRange(i, Cut(whole, maxBytes));
            }
        }
    }

    private static List<WatchResponse> Cut(WatchResponse whole, int maxBytes)
    {
        List<WatchResponse> parts = [];
        WatchResponse part = Begin(whole);
        int bytes = 0;
        foreach (Event item in whole.Events)
        {
            int size = item.CalculateSize();
            if (part.Events.Count > 0 && bytes + size > maxBytes)
            {
                part.Fragment = true;
                parts.Add(part);
                part = Begin(whole);
                bytes = 0;
            }

            part.Events.Add(item);
            bytes += size;
        }

        parts.Add(part);
        return parts;
    }

    private static WatchResponse Begin(WatchResponse whole) => new() { Header = whole.Header.Clone(), WatchId = whole.WatchId };
}
