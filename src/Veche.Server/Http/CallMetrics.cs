using System.Collections.Concurrent;
using Grpc.Core;
using Prometheus;

namespace Veche.Server.Http;

/// <summary>gRPC calls that were begun and that ended, by method and outcome, under the names that Go's gRPC servers use.</summary>
internal sealed class CallMetrics(MetricFactory make)
{
    private const int Codes = (int)StatusCode.Unauthenticated + 1;

    private readonly Counter _started = make.CreateCounter("grpc_server_started_total", "Calls that were begun.", "grpc_type", "grpc_service", "grpc_method");
    private readonly Counter _handled = make.CreateCounter("grpc_server_handled_total", "Calls that ended, whatever with.", "grpc_code", "grpc_method", "grpc_service", "grpc_type");
    private readonly ConcurrentDictionary<string, Method> _methods = new(StringComparer.Ordinal);

    /// <summary>A call begins; the method is as in gRPC, "/package.Service/Method".</summary>
    public Method Begin(string method, MethodType type)
    {
        Method found = _methods.GetOrAdd(method, static (name, from) => new Method(from.Self, name, from.type), (Self: this, type));
        found.Started.Inc();
        return found;
    }

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
        }

        internal Counter.Child Started { get; }

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
