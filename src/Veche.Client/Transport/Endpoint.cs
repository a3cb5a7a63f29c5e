using Grpc.Core;
using Grpc.Net.Client;
using Polly;
using Polly.CircuitBreaker;

namespace Veche.Client.Transport;

/// <summary>One member: its channel, and whether it is left alone for a while because it fails.</summary>
internal sealed class Endpoint : IDisposable
{
    private readonly GrpcChannel _channel;
    private readonly CircuitBreakerStateProvider _state = new();

    public Endpoint(string address, VecheClientOptions options)
    {
        Address = address;
        var handler = new SocketsHttpHandler
        {
            ConnectTimeout = options.ConnectTimeout,

            // A watch may be silent for hours: this is how it learns that the other side is gone.
            KeepAlivePingDelay = TimeSpan.FromSeconds(5),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(5),
        };
        if (options.Tls is { } tls)
        {
            handler.SslOptions = tls;
        }

        _channel = GrpcChannel.ForAddress(address, new GrpcChannelOptions { HttpHandler = handler, DisposeHttpClient = true, MaxReceiveMessageSize = null, MaxSendMessageSize = null, InitialReconnectBackoff = options.RetryDelay, MaxReconnectBackoff = options.MaxRetryDelay });
        Invoker = _channel.CreateCallInvoker();
        Breaker = new ResiliencePipelineBuilder { TimeProvider = options.TimeProvider }
            .AddCircuitBreaker(new CircuitBreakerStrategyOptions
            {
                ShouldHandle = new PredicateBuilder().Handle<RpcException>(CallFailure.HasNoAnswer),
                FailureRatio = options.BreakRatio,
                MinimumThroughput = options.BreakMinimumCalls,
                SamplingDuration = TimeSpan.FromSeconds(10),
                BreakDuration = options.BreakDuration,
                StateProvider = _state,
            })
            .Build();
    }

    public string Address { get; }

    public CallInvoker Invoker { get; }

    public ResiliencePipeline Breaker { get; }

    public bool IsBroken => _state.CircuitState is CircuitState.Open or CircuitState.Isolated;

    public void Dispose() => _channel.Dispose();
}
