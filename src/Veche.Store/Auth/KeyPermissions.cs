using Google.Protobuf;
using Veche.Api;

namespace Veche.Store.Auth;

/// <summary>The keys that somebody may read or write, as intervals that neither overlap nor touch: [a,b) and [b,c) are one, so that a range over both is allowed.</summary>
internal sealed class KeyPermissions
{
    private readonly List<Interval> _intervals = [];

    public KeyPermissions(IEnumerable<Permission> permissions)
    {
        foreach (Interval next in permissions.Select(static permission => Interval.Of(permission.Key, permission.RangeEnd)).Where(static interval => !interval.IsEmpty).Order())
        {
            if (_intervals.Count > 0 && _intervals[^1].Touches(next))
            {
                _intervals[^1] = _intervals[^1].Through(next);
            }
            else
            {
                _intervals.Add(next);
            }
        }
    }

    /// <summary>True when every key of a range is among them. A range without keys counts as its first key.</summary>
    public bool Cover(ByteString key, ByteString rangeEnd)
    {
        Interval asked = Interval.Of(key, rangeEnd);
        if (asked.IsEmpty)
        {
            asked = Interval.Of(key, ByteString.Empty);
        }

        // The last interval that does not begin after it is the only one that can hold it.
        int low = 0;
        int high = _intervals.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (_intervals[middle].CompareTo(asked) <= 0)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low > 0 && _intervals[low - 1].Holds(asked);
    }

    /// <summary>From a key up to but not including another, or without end. Compares by where it begins.</summary>
    private readonly record struct Interval(ByteString Start, ByteString? End) : IComparable<Interval>
    {
        public bool IsEmpty => End is not null && Compare(Start, End) >= 0;

        public static Interval Of(ByteString key, ByteString rangeEnd) =>
            rangeEnd.IsEmpty ? new Interval(key, ByteString.CopyFrom([.. key.Span, 0])) // Nothing is between a key and the key with a zero after it.
            : rangeEnd.Length == 1 && rangeEnd[0] == 0 ? new Interval(key, null)
            : new Interval(key, rangeEnd);

        public int CompareTo(Interval other) => Compare(Start, other.Start);

        /// <summary>No key is between this one and a later one.</summary>
        public bool Touches(Interval later) => End is null || Compare(later.Start, End) <= 0;

        /// <summary>This one and a later one that touches it.</summary>
        public Interval Through(Interval later) => End is null || later.End is null ? new Interval(Start, null)
            : Compare(End, later.End) >= 0 ? this
            : new Interval(Start, later.End);

        public bool Holds(Interval asked) => Compare(Start, asked.Start) <= 0 && (End is null || (asked.End is not null && Compare(asked.End, End) <= 0));

        private static int Compare(ByteString left, ByteString right) => left.Span.SequenceCompareTo(right.Span);
    }
}
