namespace Veche.Checking.Models;

/// <summary>
/// Hashes of texts and of everything they begin with: polynomials over the letters, modulo a Mersenne prime, so that the hash of two texts
/// one after the other is had from theirs. They are kept, because shrinking looks at the same texts many times.
/// </summary>
internal sealed class TextHashes
{
    private const ulong Prime = (1UL << 61) - 1;
    private const ulong Base = 0x0B3D_57A1_6C2F_9E4B;
    private const int MaxKeptLetters = 4_000_000;
    private readonly Dictionary<string, ulong[]> _kept = new(StringComparer.Ordinal);
    private readonly List<ulong> _powers = [1];
    private int _letters;

    /// <summary>By length, the hash of each beginning of a text; the last is its own.</summary>
    public ulong[] OfBeginnings(string text)
    {
        if (_kept.TryGetValue(text, out ulong[]? hashes))
        {
            return hashes;
        }

        hashes = new ulong[text.Length + 1];
        for (int i = 0; i < text.Length; i++)
        {
            hashes[i + 1] = (Multiply(hashes[i], Base) + text[i] + 1) % Prime;
        }

        _letters += text.Length;
        if (_letters <= MaxKeptLetters)
        {
            _kept.Add(text, hashes);
        }

        return hashes;
    }

    /// <summary>The hash of a text and a further one of some length behind it.</summary>
    public ulong Join(ulong hash, ulong added, int addedLength)
    {
        while (_powers.Count <= addedLength)
        {
            _powers.Add(Multiply(_powers[^1], Base));
        }

        return (Multiply(hash, _powers[addedLength]) + added) % Prime;
    }

    private static ulong Multiply(ulong left, ulong right)
    {
        ulong high = Math.BigMul(left, right, out ulong low);
        ulong sum = (low & Prime) + ((low >> 61) | (high << 3));
        return sum >= Prime ? sum - Prime : sum;
    }
}
