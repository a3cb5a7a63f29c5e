using Veche.Cli.Client;

namespace Veche.Cli.Users;

/// <summary>Answers about users and roles.</summary>
internal static class NameOutput
{
    public static void Done(Output output, string line)
    {
        if (output.Format == OutputFormat.Json)
        {
            output.WriteJson(new DoneShape(line), OutputJson.Lines.DoneShape);
        }
        else
        {
            output.WriteLine(line);
        }
    }

    public static void List(Output output, string what, IEnumerable<string> names)
    {
        if (output.Format == OutputFormat.Json)
        {
            output.WriteJson(new Dictionary<string, IEnumerable<string>> { [what] = names }, OutputJson.Lines.DictionaryStringIEnumerableString);
            return;
        }

        foreach (string name in names)
        {
            output.WriteLine(name);
        }
    }
}
