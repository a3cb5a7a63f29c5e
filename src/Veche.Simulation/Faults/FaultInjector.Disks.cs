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
}
