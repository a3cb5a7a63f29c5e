using System.Globalization;
using System.Text.Json;
using Google.Protobuf;
using Grpc.Net.Client;

namespace Veche.Scale;

/// <summary>What was asked for, as <c>--name=value</c>.</summary>
internal sealed class Options(string[] arguments)
{
    private readonly Dictionary<string, string> _values = arguments.Select(static argument => argument[2..].Split('=', 2)).ToDictionary(static pair => pair[0], static pair => pair[1]);

    public static JsonSerializerOptions Json { get; } = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    public string Text(string name, string otherwise) => _values.GetValueOrDefault(name, otherwise);

    public int Number(string name, int otherwise) => _values.TryGetValue(name, out string? text) ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;

    /// <summary>The server, when its process is on this machine.</summary>
    public ServerUse Server => new(Number("pid", Environment.ProcessId));

    public GrpcChannel Connect() => GrpcChannel.ForAddress(Text("endpoint", "http://127.0.0.1:2379"), new GrpcChannelOptions
    {
        HttpHandler = new SocketsHttpHandler { EnableMultipleHttp2Connections = false, InitialHttp2StreamWindowSize = 1 << 20 },
        MaxReceiveMessageSize = int.MaxValue,
    });

    public static ByteString Key(int number) => ByteString.CopyFromUtf8("key-" + number.ToString("D9", CultureInfo.InvariantCulture));

    /// <summary>Bytes that do not compress.</summary>
    public static ByteString Value(Random random, int bytes)
    {
        byte[] value = new byte[bytes];
        random.NextBytes(value);
        return UnsafeByteOperations.UnsafeWrap(value);
    }
}
