using Veche.Api;

namespace Veche.Store.Watching;

/// <summary>A change, shared by everybody who is told of it.</summary>
/// <param name="type">Put or delete.</param>
/// <param name="kv">What it led to.</param>
/// <param name="previous">What was there before, or null.</param>
public sealed class StoredEvent(Event.Types.EventType type, KeyValue kv, KeyValue? previous)
{
    private Event? _plain;
    private Event? _withPrevious;

    /// <summary>Put or delete.</summary>
    public Event.Types.EventType Type => type;

    /// <summary>What it led to.</summary>
    public KeyValue Kv => kv;

    /// <summary>What was there before, or null.</summary>
    public KeyValue? Previous => previous;

    /// <summary>As a watcher gets it. Made once, whoever comes first.</summary>
    public Event ToEvent(bool withPrevious) => withPrevious
        ? _withPrevious ??= new Event { Type = type, Kv = kv, PrevKv = previous }
        : _plain ??= new Event { Type = type, Kv = kv };
}
