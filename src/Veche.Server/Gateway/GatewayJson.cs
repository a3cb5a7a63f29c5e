using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.Core;
using Microsoft.AspNetCore.Http;

namespace Veche.Server.Gateway;

/// <summary>Messages as the JSON that etcd's gateway speaks: names as in the protos, 64-bit numbers as strings, bytes in base64, nothing that is empty.</summary>
internal static class GatewayJson
{
    private const int MaxDepth = 64;

    /// <summary>Digits of a number that JSON readers, the library's among them, may not keep exactly.</summary>
    private const int InexactDigits = 15;

    private static readonly JsonFormatter Formatter = new(JsonFormatter.Settings.Default.WithPreserveProtoFieldNames(true));
    private static readonly JsonParser Parser = new(new JsonParser.Settings(MaxDepth).WithIgnoreUnknownFields(true));
    private static readonly JsonWriterOptions Compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <exception cref="RpcException">It is no such message.</exception>
    public static TMessage Parse<TMessage>(JsonElement element, MessageDescriptor descriptor)
        where TMessage : class
    {
        try
        {
            return (TMessage)Parser.Parse(Exact(element), descriptor);
        }
        catch (Exception exception) when (exception is InvalidJsonException or InvalidProtocolBufferException or FormatException or OverflowException)
        {
            throw new RpcException(new Status(StatusCode.InvalidArgument, exception.Message));
        }
    }

    public static void Write(IBufferWriter<byte> output, IMessage message, bool asResult)
    {
        using JsonDocument document = JsonDocument.Parse(Formatter.Format(message));
        using var writer = new Utf8JsonWriter(output, Compact);
        if (asResult)
        {
            writer.WriteStartObject();
            writer.WritePropertyName("result");
        }

        document.RootElement.WriteTo(writer);
        if (asResult)
        {
            writer.WriteEndObject();
        }
    }

    public static void WriteError(IBufferWriter<byte> output, Status status, bool inStream)
    {
        using var writer = new Utf8JsonWriter(output, Compact);
        writer.WriteStartObject();
        if (inStream)
        {
            writer.WriteStartObject("error");
            writer.WriteNumber("grpc_code", (int)status.StatusCode);
            writer.WriteNumber("http_code", HttpStatusOf(status.StatusCode));
            writer.WriteString("message", status.Detail);
            writer.WriteString("http_status", Microsoft.AspNetCore.WebUtilities.ReasonPhrases.GetReasonPhrase(HttpStatusOf(status.StatusCode)));
            writer.WriteEndObject();
        }
        else
        {
            writer.WriteString("error", status.Detail);
            writer.WriteString("message", status.Detail);
            writer.WriteNumber("code", (int)status.StatusCode);
        }

        writer.WriteEndObject();
    }

    public static int HttpStatusOf(StatusCode code) => code switch
    {
        StatusCode.OK => StatusCodes.Status200OK,
        StatusCode.Cancelled => StatusCodes.Status408RequestTimeout,
        StatusCode.InvalidArgument or StatusCode.OutOfRange => StatusCodes.Status400BadRequest,
        StatusCode.DeadlineExceeded => StatusCodes.Status504GatewayTimeout,
        StatusCode.NotFound => StatusCodes.Status404NotFound,
        StatusCode.AlreadyExists or StatusCode.Aborted => StatusCodes.Status409Conflict,
        StatusCode.PermissionDenied => StatusCodes.Status403Forbidden,
        StatusCode.Unauthenticated => StatusCodes.Status401Unauthorized,
        StatusCode.ResourceExhausted => StatusCodes.Status429TooManyRequests,
        StatusCode.FailedPrecondition => StatusCodes.Status412PreconditionFailed,
        StatusCode.Unimplemented => StatusCodes.Status501NotImplemented,
        StatusCode.Unavailable => StatusCodes.Status503ServiceUnavailable,
        _ => StatusCodes.Status500InternalServerError,
    };

    /// <summary>The same text with large numbers as strings: the protobuf library reads numbers as floating point, and ids of leases have all 64 bits.</summary>
    private static string Exact(JsonElement element)
    {
        var output = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(output, Compact))
        {
            Copy(element, writer);
        }

        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    private static void Copy(JsonElement element, Utf8JsonWriter writer)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                writer.WriteStartObject();
                foreach (JsonProperty property in element.EnumerateObject())
                {
                    writer.WritePropertyName(property.Name);
                    Copy(property.Value, writer);
                }

                writer.WriteEndObject();
                break;
            case JsonValueKind.Array:
                writer.WriteStartArray();
                foreach (JsonElement item in element.EnumerateArray())
                {
                    Copy(item, writer);
                }

                writer.WriteEndArray();
                break;
            case JsonValueKind.Number when element.GetRawText() is { Length: > InexactDigits } digits:
                writer.WriteStringValue(digits);
                break;
            default:
                element.WriteTo(writer);
                break;
        }
    }
}
