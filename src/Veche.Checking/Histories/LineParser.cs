using System.Text.Json;

namespace Veche.Checking.Histories;

/// <summary>Reads one line of a history.</summary>
internal sealed class LineParser(Symbols symbols)
{
    private const EventType Unknown = (EventType)(-1);
    private static readonly JsonReaderOptions Strict = new() { MaxDepth = 16 };
    private readonly List<MicroOperation> _parts = [];
    private readonly List<int> _elements = [];

    /// <summary>False for a line that is about no client: Jepsen's nemesis writes into the same log.</summary>
    public bool TryParse(ReadOnlySpan<byte> text, int line, out RecordedEvent parsed)
    {
        try
        {
            return TryParseObject(text, line, out parsed);
        }
        catch (JsonException exception)
        {
            throw new HistoryFormatException(line, $"is not one JSON object (byte {exception.BytePositionInLine})");
        }
        catch (InvalidOperationException)
        {
            throw new HistoryFormatException(line, "has text that is not UTF-8");
        }
    }

    private bool TryParseObject(ReadOnlySpan<byte> text, int line, out RecordedEvent parsed)
    {
        parsed = new RecordedEvent { Line = line };
        var reader = new Utf8JsonReader(text, Strict);
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw new HistoryFormatException(line, "is not a JSON object");
        }

        bool hasType = false;
        bool hasProcess = false;
        bool isClient = true;
        bool hasUnknownKind = false;
        bool hasUnknownType = false;
        bool isValueParsed = false;
        ReadOnlySpan<byte> value = default;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("type"u8))
            {
                reader.Read();
                hasUnknownType = !TryTypeOf(ref reader, out parsed.Type);
                hasType = true;
            }
            else if (reader.ValueTextEquals("f"u8))
            {
                reader.Read();
                parsed.Kind = KindOf(ref reader);
                hasUnknownKind = parsed.Kind is null;
            }
            else if (reader.ValueTextEquals("process"u8))
            {
                reader.Read();
                isClient &= !(reader.TokenType == JsonTokenType.String && reader.ValueTextEquals("nemesis"u8));
                parsed.Process = Scalar(ref reader, line, "process");
                hasProcess = parsed.Process != Symbols.Null;
            }
            else if (reader.ValueTextEquals("key"u8))
            {
                reader.Read();
                parsed.Key = Scalar(ref reader, line, "key");
                parsed.HasKey = true;
            }
            else if (reader.ValueTextEquals("time"u8))
            {
                reader.Read();
                parsed.Time = TimeOf(ref reader, line);
            }
            else if (reader.ValueTextEquals("value"u8))
            {
                reader.Read();
                if (hasType && !hasUnknownType && parsed.Kind is { } known)
                {
                    // Lists are long; most writers put the value where it can be read at once.
                    ParseValue(ref reader, false, known, ref parsed);
                    isValueParsed = true;
                    continue;
                }

                int start = (int)reader.TokenStartIndex;
                reader.Skip();
                value = text[start..(int)reader.BytesConsumed];
            }
            else
            {
                reader.Skip();
            }
        }

        // What follows the object is an error that the reader finds here.
        while (reader.Read())
        {
        }

        if (!isClient)
        {
            return false;
        }

        if (!hasProcess)
        {
            throw new HistoryFormatException(line, "has no \"process\"");
        }

        if (!hasType)
        {
            throw new HistoryFormatException(line, "has no \"type\": invoke, ok, fail or info");
        }

        if (hasUnknownType)
        {
            throw new HistoryFormatException(line, "has an unknown \"type\"; it is one of invoke, ok, fail and info");
        }

        if (hasUnknownKind)
        {
            throw new HistoryFormatException(line, "has an unknown \"f\"; it is one of read, write, cas, get, put, append and txn");
        }

        if (parsed.Type == EventType.Invoke && parsed.Kind is null)
        {
            throw new HistoryFormatException(line, "has no \"f\": read, write, cas, get, put, append or txn");
        }

        if (!isValueParsed && parsed.Kind is { } kind)
        {
            var valueReader = new Utf8JsonReader(value.IsEmpty ? "null"u8 : value, Strict);
            valueReader.Read();
            ParseValue(ref valueReader, value.IsEmpty, kind, ref parsed);
        }

        return true;
    }

    private static bool TryTypeOf(ref Utf8JsonReader reader, out EventType type)
    {
        type = reader.TokenType != JsonTokenType.String ? Unknown
            : reader.ValueTextEquals("invoke"u8) ? EventType.Invoke
            : reader.ValueTextEquals("ok"u8) ? EventType.Ok
            : reader.ValueTextEquals("fail"u8) ? EventType.Fail
            : reader.ValueTextEquals("info"u8) ? EventType.Info
            : Unknown;
        return type != Unknown;
    }

    private static OperationKind? KindOf(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.String)
        {
            if (reader.ValueTextEquals("read"u8) || reader.ValueTextEquals("get"u8))
            {
                return OperationKind.Read;
            }

            if (reader.ValueTextEquals("write"u8) || reader.ValueTextEquals("put"u8))
            {
                return OperationKind.Write;
            }

            if (reader.ValueTextEquals("cas"u8))
            {
                return OperationKind.CompareAndSet;
            }

            if (reader.ValueTextEquals("append"u8))
            {
                return OperationKind.Append;
            }

            if (reader.ValueTextEquals("txn"u8))
            {
                return OperationKind.Transaction;
            }
        }

        return null;
    }

    private static long TimeOf(ref Utf8JsonReader reader, int line) =>
        reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out long time)
            ? time
            : throw new HistoryFormatException(line, "has a \"time\" that is no whole number of nanoseconds");

    // Only a call says what is done, and only a good end says what was seen; a failure may hold any words.
    private void ParseValue(ref Utf8JsonReader reader, bool isMissing, OperationKind kind, ref RecordedEvent parsed)
    {
        bool isCall = parsed.Type == EventType.Invoke;
        bool isResult = parsed.Type == EventType.Ok;
        if (kind == OperationKind.Transaction && (isCall || isResult))
        {
            parsed.Parts = Parts(ref reader, parsed.Line);
        }
        else if (kind == OperationKind.Read && isResult && reader.TokenType == JsonTokenType.StartArray)
        {
            parsed.Parts = [new MicroOperation(false, parsed.Key, Symbols.Null, Elements(ref reader, parsed.Line))];
        }
        else if (kind == OperationKind.Read && isResult)
        {
            parsed.Value = Scalar(ref reader, parsed.Line, "value");
        }
        else if (kind == OperationKind.CompareAndSet && isCall)
        {
            ParsePair(ref reader, ref parsed);
        }
        else if (kind is OperationKind.Write or OperationKind.Append && isCall)
        {
            parsed.Value = !isMissing ? Scalar(ref reader, parsed.Line, "value") : throw new HistoryFormatException(parsed.Line, "has no \"value\" to write");
        }
        else
        {
            reader.Skip();
        }
    }

    private void ParsePair(ref Utf8JsonReader reader, ref RecordedEvent parsed)
    {
        const string Problem = "is a cas whose \"value\" is not [old, new]";
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            throw new HistoryFormatException(parsed.Line, Problem);
        }

        reader.Read();
        parsed.Expected = Scalar(ref reader, parsed.Line, Problem);
        reader.Read();
        parsed.Value = Scalar(ref reader, parsed.Line, Problem);
        if (!reader.Read() || reader.TokenType != JsonTokenType.EndArray)
        {
            throw new HistoryFormatException(parsed.Line, Problem);
        }
    }

    private MicroOperation[] Parts(ref Utf8JsonReader reader, int line)
    {
        const string Problem = "is a txn whose \"value\" is not a list of [\"append\", key, value] and [\"r\", key, list]";
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            throw new HistoryFormatException(line, Problem);
        }

        _parts.Clear();
        while (reader.Read() && reader.TokenType == JsonTokenType.StartArray)
        {
            reader.Read();
            bool isAppend = reader.TokenType == JsonTokenType.String && reader.ValueTextEquals("append"u8);
            if (!isAppend && !(reader.TokenType == JsonTokenType.String && (reader.ValueTextEquals("r"u8) || reader.ValueTextEquals("read"u8))))
            {
                throw new HistoryFormatException(line, Problem);
            }

            reader.Read();
            int key = Scalar(ref reader, line, Problem);
            reader.Read();
            int value = Symbols.Null;
            int[]? elements = null;
            if (isAppend)
            {
                value = Scalar(ref reader, line, Problem);
            }
            else if (reader.TokenType == JsonTokenType.StartArray)
            {
                elements = Elements(ref reader, line);
            }
            else if (reader.TokenType != JsonTokenType.Null)
            {
                throw new HistoryFormatException(line, Problem);
            }

            if (!reader.Read() || reader.TokenType != JsonTokenType.EndArray)
            {
                throw new HistoryFormatException(line, Problem);
            }

            _parts.Add(new MicroOperation(isAppend, key, value, elements));
        }

        return reader.TokenType == JsonTokenType.EndArray ? [.. _parts] : throw new HistoryFormatException(line, Problem);
    }

    private int[] Elements(ref Utf8JsonReader reader, int line)
    {
        _elements.Clear();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            _elements.Add(Scalar(ref reader, line, "value"));
        }

        return [.. _elements];
    }

    private int Scalar(ref Utf8JsonReader reader, int line, string of) =>
        symbols.OfToken(ref reader) ?? throw new HistoryFormatException(line, of.Contains(' ', StringComparison.Ordinal) ? of : $"has a \"{of}\" that is no string, number, true, false or null");
}
