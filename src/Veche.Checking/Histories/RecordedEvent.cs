namespace Veche.Checking.Histories;

/// <summary>The types of lines.</summary>
internal enum EventType
{
    Invoke,
    Ok,
    Fail,
    Info,
}

/// <summary>One line, before calls and completions are paired.</summary>
internal struct RecordedEvent
{
    public int Line;
    public EventType Type;
    public int Process;
    public OperationKind? Kind;
    public bool HasKey;
    public int Key;
    public long? Time;

    // What "value" means depends on the function and the type: exactly one of these is meant.
    public int Value;
    public int Expected;
    public MicroOperation[]? Parts;
}
