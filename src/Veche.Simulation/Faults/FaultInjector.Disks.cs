using Veche.Simulation.Disks;
using Veche.Simulation.Members;
using Veche.Simulation.Tracing;

namespace Veche.Simulation.Faults;

/// <summary>Durable bytes that change. Never those behind which a log holds nothing that was written later: nothing could tell them from a torn tail (see docs/architecture.md).</summary>
internal sealed partial class FaultInjector
{
    private void DamageDisk(Member member, FaultKind kind)
    {
        if (!_world.Atlas.MayLose(member) || member.State is MemberState.Ruined or MemberState.Retired)
        {
            return;
        }

        List<string> files = [.. member.Disk.List().Where(static name => !name.EndsWith("spare", StringComparison.Ordinal))];
        if (files.Count == 0)
        {
            return;
        }

        string name = _random.Pick(files);
        FileContent content = member.Disk.ContentOf(name);
        int end = name.StartsWith("wal", StringComparison.Ordinal) ? content.ProvenLength : content.Length;
        if (end < 2 * FileContent.SectorBytes)
        {
            return;
        }

        switch (kind)
        {
            case FaultKind.BitRot:
                int at = _random.Below(end);
                content.Damage(at, [(byte)(content.Bytes[at] ^ (1 << _random.Below(8)))]);
                break;
            case FaultKind.LostWrite:
                int lost = _random.Below(end / FileContent.SectorBytes) * FileContent.SectorBytes;
                content.Damage(lost, new byte[FileContent.SectorBytes]);
                break;
            default:
                int from = _random.Below(end / FileContent.SectorBytes) * FileContent.SectorBytes;
                int to = _random.Below(end / FileContent.SectorBytes) * FileContent.SectorBytes;
                content.Damage(to, content.Bytes.Slice(from, FileContent.SectorBytes).ToArray());
                break;
        }

        _world.Count("disks damaged");
        _world.Atlas.Damaged(member.Number);
        _world.Note(member.Number, $"{kind} in {name}", TraceKind.Fault, fault: kind);
    }

    /// <summary>
    /// A record of the log with an older one in its place that would make sense there: an entry of the same index, or what term and vote were before.
    /// Sectors with whole records of the same places are rare, and a disk that mixes them up is; where it happens no checksum says so.
    /// </summary>
    private void LeaveStaleRecord(Member member)
    {
        if (!_world.Atlas.MayLose(member) || member.State is MemberState.Ruined or MemberState.Retired)
        {
            return;
        }

        List<(string File, LogRecord Older, LogRecord Newer)> pairs = [];
        foreach (string name in member.Disk.List().Where(static name => name.StartsWith("wal", StringComparison.Ordinal) && name.EndsWith(".log", StringComparison.Ordinal)))
        {
            FileContent content = member.Disk.ContentOf(name);
            pairs.AddRange(LogRecord.Replaced(content.Bytes[..Math.Min(content.Length, content.ProvenLength)]).Select(pair => (name, pair.Older, pair.Newer)));
        }

        if (pairs.Count == 0)
        {
            return;
        }

        // Most often the last: what stands before it is often covered by what came later.
        (string file, LogRecord older, LogRecord newer) = _random.Chance(0.5) ? pairs[^1] : _random.Pick(pairs);
        FileContent damaged = member.Disk.ContentOf(file);
        damaged.Damage(newer.Offset, damaged.Bytes.Slice(older.Offset, older.Size).ToArray());
        _world.Count("stale records");
        _world.Atlas.Damaged(member.Number);
        _world.Note(member.Number, $"{FaultKind.StaleRecord} in {file}: that of byte {older.Offset} stands at {newer.Offset} too", TraceKind.Fault, fault: FaultKind.StaleRecord);
    }
}
