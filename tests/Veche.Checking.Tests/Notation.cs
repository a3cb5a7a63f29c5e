using System.Text;
using Veche.Checking.Histories;
using Veche.Checking.Models;

namespace Veche.Checking.Tests;

/// <summary>
/// Histories in one line of a test. Each word is a process (one digit), what happens (+ call, = ok, ! fail, ? info), and what it is about:
/// <c>0+w1 0= 1+r 1=1 2+c12 2!</c>. Reads are r, writes w, compare-and-sets c with the old and the new value, appends a; _ is null.
/// In transactions: <c>0+ax1,ry 0=ax1,ry12</c> appends 1 to x and reads y as [1, 2].
/// </summary>
internal static class Notation
{
    public static History Registers(string words, string key = "") => Read(words, (kind, argument) => kind switch
    {
        'w' => ("write", Value(argument)),
        'a' => ("append", $"\"{argument}\""),
        'c' => ("cas", $"[{Value(argument[..1])}, {Value(argument[1..])}]"),
        _ => ("read", argument.Length == 0 ? "null" : Value(argument)),
    }, key);

    public static History Texts(string words) => Read(words, static (kind, argument) => kind switch
    {
        'w' => ("put", $"\"{argument}\""),
        'a' => ("append", $"\"{argument}\""),
        _ => ("get", argument == "_" ? "null" : $"\"{argument}\""),
    }, "\"key\": \"k\", ");

    public static History Transactions(string words)
    {
        var json = new StringBuilder();
        foreach (string word in words.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] parts = word[2..].Split(',', StringSplitOptions.RemoveEmptyEntries);
            IEnumerable<string> written = parts.Select(part => part[0] == 'a'
                ? $"[\"append\", \"{part[1]}\", {part[2..]}]"
                : $"[\"r\", \"{part[1]}\", {(word[1] == '=' ? $"[{string.Join(',', part[2..].ToCharArray())}]" : "null")}]");
            json.AppendLine($"{{\"process\": {word[0]}, \"type\": \"{Type(word[1])}\", \"f\": \"txn\", \"value\": [{string.Join(", ", written)}]}}");
        }

        return Parse(json.ToString());
    }

    public static History Parse(string json, HistoryLimits? limits = null) => HistoryReader.Read(new MemoryStream(Encoding.UTF8.GetBytes(json)), limits);

    public static Verdict Judge(History history, HistoryModel model = HistoryModel.CasRegister) => HistoryChecker.Check(history, model).Verdict;

    private static History Read(string words, Func<char, string, (string F, string Value)> called, string key)
    {
        var json = new StringBuilder();
        Dictionary<char, (string F, string Value, char Kind)> underWay = [];
        foreach (string word in words.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            char process = word[0];
            if (word[1] == '+')
            {
                (string f, string value) = called(word[2], word[3..]);
                underWay[process] = (f, value, word[2]);
            }
            else if (underWay[process].Kind == 'r')
            {
                (string f, string value) = called('r', word[2..]);
                underWay[process] = (f, value, 'r');
            }

            json.AppendLine($"{{\"process\": {process}, {key}\"type\": \"{Type(word[1])}\", \"f\": \"{underWay[process].F}\", \"value\": {underWay[process].Value}}}");
        }

        return Parse(json.ToString());
    }

    private static string Value(string text) => text == "_" ? "null" : text;

    private static string Type(char sign) => sign switch { '+' => "invoke", '=' => "ok", '!' => "fail", _ => "info" };
}
