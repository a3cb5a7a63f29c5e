using System.Globalization;
using System.Text;

namespace Veche.Server.Admission;

/// <summary>What the member lets in and refuses, in the format of Prometheus.</summary>
internal static class AdmissionMetrics
{
    public static void Append(StringBuilder text, WriteAdmission admission)
    {
        Append(text, "veche_writes_in_flight", "Writes of clients that this member works on.", "gauge", admission.UnderWay);
        Append(text, "veche_writes_in_flight_limit", "Writes beyond which more would wait longer than the bound, and are refused.", "gauge", admission.Room);
        Append(text, "veche_writing_clients", "Clients with writes that this member works on.", "gauge", admission.Clients);
        const string refused = "veche_writes_shed_total";
        text.Append(CultureInfo.InvariantCulture, $"# HELP {refused} Writes that were refused before anything was done for them: there were too many, or the client had its share of them.\n# TYPE {refused} counter\n");
        text.Append(CultureInfo.InvariantCulture, $"{refused}{{reason=\"delay\"}} {admission.RefusedForRoom}\n{refused}{{reason=\"share\"}} {admission.RefusedForShare}\n");
    }

    private static void Append(StringBuilder text, string name, string help, string type, long value) =>
        text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {help}\n# TYPE {name} {type}\n{name} {value}\n");
}
