using System.Collections.Concurrent;
using Google.Protobuf;
using Grpc.Core;
using Prometheus;

namespace Veche.Server.Http;

/// <summary>gRPC calls that were begun and that ended, by method and outcome, under the names that Go's gRPC servers use.</summary>
internal sealed class CallMetrics(MetricFactory make)
{
    private const int MaxVersions = 64;
    private const int Codes = (int)StatusCode.Unauthenticated + 1;

    private readonly Counter _started = make.CreateCounter("grpc_server_started_total", "Calls that were begun.", "grpc_type", "grpc_service", "grpc_method");
    private readonly Counter _handled = make.CreateCounter("grpc_server_handled_total", "Calls that ended, whatever with.", "grpc_code", "grpc_method", "grpc_service", "grpc_type");
    private readonly Counter _received = make.CreateCounter("grpc_server_msg_received_total", "Messages of calls that came in.", "grpc_type", "grpc_service", "grpc_method");
    private readonly Counter _sent = make.CreateCounter("grpc_server_msg_sent_total", "Messages of calls that went out.", "grpc_type", "grpc_service", "grpc_method");
    private readonly Counter _receivedBytes = make.CreateCounter("etcd_network_client_grpc_received_bytes_total", "Bytes of messages that came in from clients.");
    private readonly Counter _sentBytes = make.CreateCounter("etcd_network_client_grpc_sent_bytes_total", "Bytes of messages that went out to clients.");
    private readonly Counter _requests = make.CreateCounter("etcd_server_client_requests_total", "Calls by kind, and by the version of etcd's interface that the client says it was made for.", "type", "client_api_version");
    private readonly ConcurrentDictionary<(bool Stream, string Version), Counter.Child> _versions = new();
    private readonly ConcurrentDictionary<string, Method> _methods = new(StringComparer.Ordinal);

    /// <summary>A call begins; the method is as in gRPC, "/package.Service/Method".</summary>
    public Method Begin(string method, MethodType type)
    {
        Method found = _methods.GetOrAdd(method, static (name, from) => new Method(from.Self, name, from.type), (Self: this, type));
        found.Started.Inc();
        return found;
    }

    /// <summary>A client says which version it was made for; null when it says nothing.</summary>
    public void CountRequest(bool isStream, string? version)
    {
        // Clients could say anything, and every new word is kept for ever.
        if (version is null || _versions.Count >= MaxVersions || !IsVersion(version))
        {
            version = "unknown";
        }

        _versions.GetOrAdd((isStream, version), static (key, requests) => requests.WithLabels(key.Stream ? "stream" : "unary", key.Version), _requests).Inc();
    }

    private static bool IsVersion(string text) => text.Length is > 0 and <= 16 && text.All(static letter => letter is (>= '0' and <= '9') or '.');

    private static string TypeOf(MethodType type) => type switch
    {
        MethodType.Unary => "unary",
        MethodType.ClientStreaming => "client_stream",
        MethodType.ServerStreaming => "server_stream",
        _ => "bidi_stream",
    };

    /// <summary>The counters of one method.</summary>
    public sealed class Method
    {
        private readonly Counter.Child?[] _ended = new Counter.Child?[Codes];
        private readonly CallMetrics _metrics;
        private readonly Counter.Child _received;
        private readonly Counter.Child _sent;
        private readonly string _service;
        private readonly string _name;
        private readonly string _type;

        internal Method(CallMetrics metrics, string method, MethodType type)
        {
            string[] parts = method.Split('/');
            _metrics = metrics;
            _service = parts[^2];
            _name = parts[^1];
            _type = TypeOf(type);
            Started = metrics._started.WithLabels(_type, _service, _name);
            _received = metrics._received.WithLabels(_type, _service, _name);
            _sent = metrics._sent.WithLabels(_type, _service, _name);
        }

        internal Counter.Child Started { get; }

        /// <summary>A message came in.</summary>
        public void Received(object? message)
        {
            _received.Inc();
            _metrics._receivedBytes.Inc(SizeOf(message));
        }

        /// <summary>A message goes out.</summary>
        public void Sent(object? message, long bytesBefore = 0)
        {
            _sent.Inc();
            _metrics._sentBytes.Inc(SizeOf(message) + bytesBefore);
        }

        private static int SizeOf(object? message) => (message as IMessage)?.CalculateSize() ?? 0;

        /// <summary>The call has ended.</summary>
        public void End(StatusCode code)
        {
            int number = (int)code is >= 0 and < Codes ? (int)code : (int)StatusCode.Unknown;
            (_ended[number] ??= _metrics._handled.WithLabels(NameOf((StatusCode)number), _name, _service, _type)).Inc();
        }

        /// <summary>Go spells one of them otherwise.</summary>
        private static string NameOf(StatusCode code) => code == StatusCode.Cancelled ? "Canceled" : code.ToString();
    }
}
