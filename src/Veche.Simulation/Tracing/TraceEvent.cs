using Veche.Simulation.Clients;
using Veche.Simulation.Faults;

namespace Veche.Simulation.Tracing;

/// <summary>One thing that happened. Which fields mean something depends on <see cref="Kind"/>.</summary>
public sealed record TraceEvent
{
    /// <summary>When, in nanoseconds since the world began.</summary>
    public required long TimeNs { get; init; }

    /// <summary>What kind of thing.</summary>
    public required TraceKind Kind { get; init; }

    /// <summary>In words.</summary>
    public required string Text { get; init; }

    /// <summary>The member it happened to, that sent a message or was asked by a client, from 0; -1 for none.</summary>
    public int Member { get; init; } = -1;

    /// <summary>The member a message between members is for, the leader a member goes by, or the far end of a broken path, from 0; -1 for none.</summary>
    public int Other { get; init; } = -1;

    /// <summary>The client of an operation, a request or a reply, from 0; -1 for none.</summary>
    public int Client { get; init; } = -1;

    /// <summary>For a message when it arrives, for a fault of known length when it ends; -1 for never, or when that is not known yet.</summary>
    public long EndNs { get; init; } = -1;

    /// <summary>For an operation when it was asked; -1 for everything else.</summary>
    public long CallNs { get; init; } = -1;

    /// <summary>The member's term, or the message's.</summary>
    public long Term { get; init; }

    /// <summary>What the member is from now on; <see cref="TraceRole.None"/> where that does not change.</summary>
    public TraceRole Role { get; init; }

    /// <summary>What kind of message.</summary>
    public TraceMessage Message { get; init; }

    /// <summary>The last index of the member's log, or the last that the message speaks of.</summary>
    public long Index { get; init; }

    /// <summary>The member's commit index, or the message's.</summary>
    public long Commit { get; init; }

    /// <summary>The member's applied index.</summary>
    public long Applied { get; init; }

    /// <summary>How an operation ended.</summary>
    public Outcome Outcome { get; init; }

    /// <summary>The kind of an operation; null for everything else.</summary>
    public OperationKind? Operation { get; init; }

    /// <summary>The kind of a fault; null for everything else.</summary>
    public FaultKind? Fault { get; init; }

    /// <summary>A fault that is mended later and its mending share a number, from 1; 0 for everything else.</summary>
    public int Span { get; init; }

    /// <summary>For a cut of the network the members of one side: they cannot send to <see cref="Others"/>.</summary>
    public IReadOnlyList<int> Members { get; init; } = [];

    /// <summary>For a cut of the network the members of the other side.</summary>
    public IReadOnlyList<int> Others { get; init; } = [];
}
