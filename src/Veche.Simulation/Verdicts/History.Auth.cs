using Veche.Simulation.Clients;

namespace Veche.Simulation.Verdicts;

/// <summary>
/// Who may see what. Permissions have no revision that an answer could carry, so the member says at which index it judged a read, and the model
/// knows the permissions of every index.
/// </summary>
internal sealed partial class History
{
    private void CheckPermission(Operation operation, Outcome outcome)
    {
        if (operation.JudgedAt is not { } index)
        {
            return;
        }

        if (!operation.IsSerializable && index < operation.CommittedBefore)
        {
            throw new ViolationException("a linearizable read was judged by permissions that may be of the past", $"{operation}: judged at {index}, and {operation.CommittedBefore} was committed before it was asked");
        }

        string? why = world.Model.WhyHidden(operation.Caller, operation.ReadRequest, index);
        if (why is not null && outcome == Outcome.Done)
        {
            throw new ViolationException("a read was shown to somebody who may not see it", $"{operation}, to {operation.Caller} at {index}; it should be refused: {why}");
        }

        bool isAboutUsers = operation.Refusal is not (null or ReferenceModel.CompactedText or ReferenceModel.FutureText);
        if (outcome == Outcome.Refused && (why is not null || isAboutUsers) && operation.Refusal != why)
        {
            throw new ViolationException("a read was refused without reason", $"{operation}, to {operation.Caller} at {index}; it should be {(why is null ? "answered" : $"refused: {why}")}");
        }

        if (operation.Caller is not null || why is not null)
        {
            world.Count(why is null ? "reads that users may see" : "reads refused to who may not see them");
        }
    }
}
