using System.Text.Json.Serialization;

namespace Veche.Checking.Histories;

/// <summary>How strings are shown; generated, so that the library can be trimmed.</summary>
[JsonSerializable(typeof(string))]
internal sealed partial class SymbolJson : JsonSerializerContext;
