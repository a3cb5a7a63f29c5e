using Veche.Log;
using Veche.Raft;
using Veche.Replica;

namespace Veche.Hosting;

/// <summary>The log for a reader outside, who keeps what was applied: the log waits for it, so nothing is ever missed.</summary>
public sealed partial class ReplicaHost
{
    /// <summary>Reads entries that this member has applied, in order. From any thread.</summary>
    /// <param name="first">First index.</param>
    /// <param name="maxBytes">Stop before more bytes than this; one entry is always read.</param>
    /// <param name="into">Gets the entries.</param>
    /// <returns>How many were read: 0 when the log does not have the first any more, or not yet.</returns>
    public int ReadLog(long first, long maxBytes, List<Entry> into)
    {
        try
        {
            return _wal.Read(first, _status.AppliedIndex, maxBytes, into);
        }
        catch (LogDamagedException exception)
        {
            Fail(exception);
            return 0;
        }
    }

    /// <summary>The reader has kept everything through an index (<see cref="ReplicaHostOptions.LogIsRead"/>).</summary>
    public void LogTaken(long throughIndex) => _loop.Post(new ReplicaInput.LogTaken(throughIndex));
}
