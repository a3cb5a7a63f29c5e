using Google.Protobuf;
using Veche.Api;
using Veche.Store.Auth;
using static Veche.Store.Tests.StoreHarness;

namespace Veche.Store.Tests.Auth;

/// <summary>Many permissions on ranges as one set of keys.</summary>
public sealed class KeyPermissionsTests
{
    [Theory]
    [InlineData("a-c c-e", "a", "e", true)] // Two ranges that touch are one.
    [InlineData("c-e a-c", "b", "d", true)]
    [InlineData("a-c d-e", "a", "e", false)] // A hole is a hole.
    [InlineData("a-c d-e", "b", "", true)]
    [InlineData("a-c d-e", "c", "", false)]
    [InlineData("a", "a", "", true)]
    [InlineData("a", "a", "b", false)] // A key is not the range that begins with it.
    [InlineData("a", "a", "a\0", true)] // But it is all of the range that ends right after it.
    [InlineData("a a\0-b", "a", "b", true)]
    [InlineData("a", "ab", "", false)]
    [InlineData("b-0", "b", "\0", true)] // Without end.
    [InlineData("b-0", "z", "zz", true)]
    [InlineData("b-0", "a", "\0", false)]
    [InlineData("b-z", "b", "\0", false)] // Nothing with an end holds what has none.
    [InlineData("\0-0", "\0", "\0", true)]
    [InlineData("a-e b-c", "a", "e", true)] // One inside another.
    [InlineData("a-e b-0", "d", "\0", true)]
    [InlineData("a-c", "d", "b", false)] // The wrong way round: no keys, but not allowed either.
    [InlineData("", "a", "", false)]
    public void A_range_is_allowed_when_all_of_it_is(string permissions, string key, string end, bool expected) =>
        Assert.Equal(expected, Of(permissions).Cover(B(key), B(end)));

    [Fact]
    public void Random_permissions_allow_exactly_the_keys_in_them()
    {
        var random = new Random(11);
        for (int round = 0; round < 2000; round++)
        {
            List<(int From, int To)> ranges = [.. Enumerable.Range(0, random.Next(6)).Select(_ => (random.Next(20), random.Next(21)))];
            var permissions = new KeyPermissions(ranges.Select(static range => new Permission
            {
                Key = Key(range.From),
                RangeEnd = range.To == 20 ? B("\0") : range.To == range.From ? ByteString.Empty : Key(range.To),
            }));
            (int from, int to) = (random.Next(20), random.Next(21));
            if (to < from)
            {
                continue;
            }

            bool Allowed(int key) => ranges.Any(range => range.To == 20 ? key >= range.From : range.To == range.From ? key == range.From : key >= range.From && key < range.To);
            if (to == from)
            {
                Assert.Equal(Allowed(from), permissions.Cover(Key(from), ByteString.Empty));
            }
            else
            {
                // Between two of these keys there are others, so single keys that touch no range do not make one.
                bool expected = Enumerable.Range(from, to - from).All(key => ranges.Any(range => range.To > range.From && key >= range.From && key < range.To)) && (to < 20 || ranges.Any(static range => range.To == 20));
                Assert.Equal(expected, permissions.Cover(Key(from), to == 20 ? B("\0") : Key(to)));
            }
        }
    }

    private static ByteString Key(int index) => ByteString.CopyFrom((byte)('a' + index));

    private static KeyPermissions Of(string permissions) => new(permissions.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(static text =>
    {
        string[] ends = text.Split('-');
        return new Permission { Key = B(ends[0]), RangeEnd = B(ends.Length == 1 ? string.Empty : ends[1] == "0" ? "\0" : ends[1]) };
    }));
}
