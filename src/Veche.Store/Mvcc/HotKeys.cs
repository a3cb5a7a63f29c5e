using Google.Protobuf;
using Veche.Api;

namespace Veche.Store.Mvcc;

/// <summary>Key-values that were written last, so that writing a key again needs no look into the engine. Bounded; what is used stays longer than what is not.</summary>
internal sealed class HotKeys
{
    private const long MaxBytesPerGeneration = 4 << 20;
    private const int OverheadBytes = 128;

    private Dictionary<ByteString, KeyValue?> _young = [];
    private Dictionary<ByteString, KeyValue?> _old = [];
    private long _youngBytes;

    public bool TryGet(ByteString key, out KeyValue? found) => _young.TryGetValue(key, out found) || _old.TryGetValue(key, out found);

    /// <summary>Remembers what a key is now; null when it was deleted.</summary>
    public void Set(ByteString key, KeyValue? value)
    {
        if (!_young.ContainsKey(key))
        {
            _youngBytes += key.Length + (value?.Value.Length ?? 0) + OverheadBytes;
        }

        _young[key] = value;
        if (_youngBytes > MaxBytesPerGeneration)
        {
            (_young, _old) = (_old, _young);
            _young.Clear();
            _youngBytes = 0;
        }
    }
}
