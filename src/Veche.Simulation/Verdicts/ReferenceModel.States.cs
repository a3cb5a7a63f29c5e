using Veche.Api;
using Veche.Api.Commands;

namespace Veche.Simulation.Verdicts;

/// <summary>What members say of each other's states: reports, and alarms that hold nobody up unless nobody knows whose state is wrong.</summary>
internal sealed partial class ReferenceModel
{
    /// <summary>Those of the alarms that say only that a member replaces its state.</summary>
    private readonly HashSet<ulong> _replacing = [];

    /// <summary>Told of each report and where it stands in the log.</summary>
    public Action<StateHash.Types.Report, long>? StateReported { get; set; }

    /// <summary>True while the alarm of a member says only that it replaces its state.</summary>
    public bool IsReplacing(ulong member) => _replacing.Contains(member);

    /// <summary>Told where each check stands in the log.</summary>
    public Action<long>? StateCheckTaken { get; set; }

    private Expected Take(StateHash hash)
    {
        switch (hash.BodyCase)
        {
            case StateHash.BodyOneofCase.Check:
                StateCheckTaken?.Invoke(Index + 1);
                break;
            case StateHash.BodyOneofCase.Report:
                StateReported?.Invoke(hash.Report, Index + 1);
                break;
            case StateHash.BodyOneofCase.Quarantine when hash.Quarantine.Lifted:
                if (_replacing.Remove(hash.Quarantine.Member))
                {
                    _alarms.Remove((hash.Quarantine.Member, AlarmType.Corrupt));
                }

                break;
            case StateHash.BodyOneofCase.Quarantine when _alarms.Add((hash.Quarantine.Member, AlarmType.Corrupt)) && hash.Quarantine.Member != 0:
                _replacing.Add(hash.Quarantine.Member);
                break;
        }

        return Done(true);
    }
}
