using Google.Protobuf;
using Veche.Api;
using Veche.Store.Mvcc;

namespace Veche.Store.Watching;

/// <summary>One watch of a stream.</summary>
internal sealed class Watcher(WatchStream stream, long id, ByteString key, ByteString rangeEnd, WatchCreateRequest request, long startRevision)
{
    public WatchStream Stream { get; } = stream;

    public long Id { get; } = id;

    public ByteString Key { get; } = key;

    public ByteString RangeEnd { get; } = rangeEnd;

    public KeyRange Range => new(Key, RangeEnd);

    public bool WantsPrevious { get; } = request.PrevKv;

    public bool WantsProgress { get; } = request.ProgressNotify;

    public bool WantsFragments { get; } = request.Fragment;

    private bool DropsPuts { get; } = request.Filters.Contains(WatchCreateRequest.Types.FilterType.Noput);

    private bool DropsDeletes { get; } = request.Filters.Contains(WatchCreateRequest.Types.FilterType.Nodelete);

    /// <summary>First revision it has not been given yet.</summary>
    public long NextRevision { get; set; } = startRevision;

    /// <summary>True while the hub gives it events as they happen; false while it reads up from history.</summary>
    public bool IsSynced { get; set; }

    public bool IsCanceled { get; set; }

    /// <summary>It has been told something since the last look, so it is not idle.</summary>
    public bool WasTold { get; set; }

    public bool Wants(Event.Types.EventType type) => type == Event.Types.EventType.Put ? !DropsPuts : !DropsDeletes;
}
