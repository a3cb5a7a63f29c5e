namespace Veche.Checking.Watching;

/// <summary>Everything that truly happened, in order, with what each event found.</summary>
public sealed class TrueLog
{
    private readonly List<(TrueEvent Event, string? Before)> _events = [];
    private readonly Dictionary<(long, string), int> _places = [];

    /// <summary>A log.</summary>
    /// <param name="events">By revision, from the first one on.</param>
    /// <exception cref="ArgumentException">They are not in order, or a key changes twice in one revision.</exception>
    public TrueLog(IEnumerable<TrueEvent> events)
    {
        Dictionary<string, string?> current = new(StringComparer.Ordinal);
        foreach (TrueEvent happened in events)
        {
            if ((_events.Count > 0 && _events[^1].Event.Revision > happened.Revision) || !_places.TryAdd((happened.Revision, happened.Key), _events.Count))
            {
                throw new ArgumentException($"{happened} is out of order or there twice", nameof(events));
            }

            _events.Add((happened, current.GetValueOrDefault(happened.Key)));
            current[happened.Key] = happened.Value;
        }
    }

    internal int Count => _events.Count;

    internal TrueEvent this[int place] => _events[place].Event;

    internal string? Before(int place) => _events[place].Before;

    internal int PlaceOf(long revision, string key) => _places.GetValueOrDefault((revision, key), -1);

    /// <summary>The place of the first event of a revision or a later one.</summary>
    internal int FirstFrom(long revision)
    {
        int low = 0;
        int high = _events.Count;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            (low, high) = _events[middle].Event.Revision < revision ? (middle + 1, high) : (low, middle);
        }

        return low;
    }
}
