using Grpc.Core;
using Veche.Api;

namespace Veche.Scale;

/// <summary>One stream of keep-alives: what is asked first is answered first.</summary>
internal sealed class KeepAliveStream : IAsyncDisposable
{
    private readonly AsyncDuplexStreamingCall<LeaseKeepAliveRequest, LeaseKeepAliveResponse> _call;
    private readonly Queue<TaskCompletionSource> _asked = [];
    private readonly SemaphoreSlim _writing = new(1);
    private readonly Task _reading;
    private RpcException? _failure;

    public KeepAliveStream(AsyncDuplexStreamingCall<LeaseKeepAliveRequest, LeaseKeepAliveResponse> call)
    {
        _call = call;
        _reading = Task.Run(ReadAsync);
    }

    public async Task KeepAliveAsync(long id)
    {
        var answered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await _writing.WaitAsync();
        try
        {
            lock (_asked)
            {
                if (_failure is not null)
                {
                    throw _failure;
                }

                _asked.Enqueue(answered);
            }

            await _call.RequestStream.WriteAsync(new LeaseKeepAliveRequest { ID = id });
        }
        finally
        {
            _writing.Release();
        }

        await answered.Task;
    }

    public async ValueTask DisposeAsync()
    {
        _call.Dispose();
        await _reading;
        _writing.Dispose();
    }

    private async Task ReadAsync()
    {
        try
        {
            await foreach (LeaseKeepAliveResponse response in _call.ResponseStream.ReadAllAsync())
            {
                TaskCompletionSource answered;
                lock (_asked)
                {
                    answered = _asked.Dequeue();
                }

                if (response.TTL > 0)
                {
                    answered.SetResult();
                }
                else
                {
                    answered.SetException(new RpcException(new Status(StatusCode.NotFound, "the lease has expired")));
                }
            }

            Fail(new RpcException(new Status(StatusCode.Unavailable, "the stream has ended")));
        }
        catch (RpcException exception)
        {
            Fail(exception);
        }
    }

    private void Fail(RpcException failure)
    {
        lock (_asked)
        {
            _failure = failure;
            while (_asked.TryDequeue(out TaskCompletionSource? answered))
            {
                answered.SetException(failure);
            }
        }
    }
}
