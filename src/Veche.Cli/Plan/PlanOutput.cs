using System.Globalization;
using Veche.Cli.Client;
using Veche.Raft;

namespace Veche.Cli.Plan;

/// <summary>A placement as JSON.</summary>
internal sealed record PlanShape(int Voters, int Election, int Commit, int Witnesses, int FailuresSurvived, IEnumerable<ZoneShape> Zones, IEnumerable<string> Warnings);

/// <summary>A zone of it.</summary>
internal sealed record ZoneShape(string Zone, int Voters, string WhenItGoes);

/// <summary>A placement as tables, lines and JSON.</summary>
internal static class PlanOutput
{
    public static void Write(Output output, Placement placement)
    {
        if (output.Format == OutputFormat.Json)
        {
            IEnumerable<ZoneShape> zones = placement.Losses.Select(static loss => new ZoneShape(loss.Zone, loss.Voters, Describe(loss.Outcome)));
            output.WriteJson(new PlanShape(placement.Voters, placement.Election, placement.Commit, placement.AllWitnesses, placement.FailuresSurvived, zones, placement.Warnings), OutputJson.Lines.PlanShape);
            return;
        }

        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{placement.Voters} voters{(placement.AllWitnesses > 0 ? $", {placement.AllWitnesses} of them without data" : string.Empty)}: {placement.Election} elect a leader, {placement.Commit} must hold a write; any {placement.FailuresSurvived} may fail"));
        if (output.Format == OutputFormat.Table)
        {
            WriteTables(output, placement);
        }
        else
        {
            foreach (ZoneLoss loss in placement.Losses)
            {
                output.WriteLine($"zone {loss.Zone}, {loss.Voters}, {Describe(loss.Outcome)}");
            }
        }

        foreach (string warning in placement.Warnings)
        {
            output.WriteLine("warning: " + warning);
        }
    }

    private static void WriteTables(Output output, Placement placement)
    {
        output.WriteTable(
            ["voters", "majority", "failures survived", string.Empty],
            Enumerable.Range(1, Math.Max(7, placement.Voters)).Select(voters =>
            {
                var majority = new Placement(new Dictionary<string, int> { [string.Empty] = voters }, QuorumSizes.Majority);
                return (string[])[Number(voters), Number(majority.Election), Number(majority.FailuresSurvived), voters == placement.Voters ? "this one" : voters % 2 == 0 ? $"no more than {voters - 1}" : string.Empty];
            }));
        if (placement.Losses.Any())
        {
            output.WriteTable(["zone", "voters", "when it goes"], placement.Losses.Select(static loss => (string[])[loss.Zone, Number(loss.Voters), Describe(loss.Outcome)]));
        }
    }

    private static string Describe(Outcome outcome) => outcome switch
    {
        Outcome.GoesOn => "the cluster goes on",
        Outcome.NoElections => "a leader elsewhere goes on, no other can be elected",
        _ => "the cluster stops",
    };

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);
}
