namespace Veche.Hosting.Peers;

/// <summary>Kinds of frames on a message connection. The numbers are on the wire.</summary>
internal enum FrameKind : byte
{
    /// <summary>A <see cref="Veche.Replica.PeerMessage"/>.</summary>
    Message = 1,

    /// <summary>A call: 8 bytes of id, then the request.</summary>
    Call = 2,

    /// <summary>The answer to a call: 8 bytes of id, 1 byte that is 0 when it succeeded, then the answer or the text of the error.</summary>
    CallReply = 3,
}

/// <summary>Length-prefixed frames: 4 bytes of body length, 1 byte of kind, body.</summary>
internal static class Frames
{
    public const int HeaderLength = 5;

    /// <summary>Longest body accepted. More than any legal message: the largest append carries its byte limit and one command.</summary>
    public const int MaxBodyBytes = 128 << 20;
}
