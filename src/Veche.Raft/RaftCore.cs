namespace Veche.Raft;
/// <summary>The protocol (seam; the body follows).</summary>
public sealed class RaftCore
{
    /// <summary>Starts.</summary>
    public RaftCore(RaftOptions options, RaftStart start, long nowNs) { Id = options.Id; }
    /// <summary>Steps.</summary>
    public void Step(RaftInput input, long nowNs, RaftOutput output) => throw new NotSupportedException(Id.ToString());
    /// <summary>Id.</summary>
    public MemberId Id { get; }
    /// <summary>Term.</summary>
    public long Term { get; private set; }
    /// <summary>Role.</summary>
    public Role Role { get; private set; }
    /// <summary>Leader.</summary>
    public MemberId Leader { get; private set; }
    /// <summary>Commit.</summary>
    public long CommitIndex { get; private set; }
    /// <summary>Last.</summary>
    public LogPosition LastPosition { get; private set; }
    /// <summary>First.</summary>
    public long FirstIndex { get; private set; }
    /// <summary>Persisted.</summary>
    public long PersistedIndex { get; private set; }
    /// <summary>Configuration.</summary>
    public Configuration Configuration { get; private set; } = Configuration.Empty;
    /// <summary>Its index.</summary>
    public long ConfigurationIndex { get; private set; }
    /// <summary>Transfer.</summary>
    public MemberId TransferTarget { get; private set; }
    /// <summary>Term at.</summary>
    public long TermAt(long index) => throw new NotSupportedException($"{Id} {index}");
    /// <summary>Configuration at.</summary>
    public Configuration ConfigurationAt(long index) => throw new NotSupportedException($"{Id} {index}");
    /// <summary>Bytes.</summary>
    public long BytesBetween(long after, long through) => throw new NotSupportedException($"{Id} {after} {through}");
    /// <summary>Followers.</summary>
    public IReadOnlyList<FollowerProgress> Followers => [];
}
