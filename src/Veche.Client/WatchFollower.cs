using Grpc.Core;
using Veche.Api;
using Veche.Client.Transport;

namespace Veche.Client;

/// <summary>One watch over any number of members, one after the other.</summary>
internal sealed class WatchFollower : IDisposable
{
    private const int MostDoublings = 10;

    private readonly VecheClient _client;
    private readonly Transport.Cluster _cluster;
    private readonly KeyRange _range;
    private readonly WatchOptions _options;
    private readonly WatchCreateRequest _request;
    private readonly long _asked;
    private AsyncDuplexStreamingCall<WatchRequest, WatchResponse>? _stream;
    private bool _hasBegun;
    private int _failures;

    public WatchFollower(VecheClient client, Transport.Cluster cluster, KeyRange range, WatchOptions options)
    {
        _client = client;
        _cluster = cluster;
        _range = range;
        _options = options;
        _request = new WatchCreateRequest { Key = range.Start.Raw, RangeEnd = range.End.Raw, StartRevision = options.FromRevision, PrevKv = options.WantsPrevious };
        _asked = client.Time.GetTimestamp();
    }

    public async Task<WatchBatch> NextAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                if (Take(await ReceiveAsync(cancellationToken).ConfigureAwait(false)) is { } batch)
                {
                    return batch;
                }
            }
            catch (RpcException exception)
            {
                cancellationToken.ThrowIfCancellationRequested();
                Dispose();
                Judge(exception);
                _cluster.MoveOn();
                await Task.Delay(Backoff(), _client.Time, cancellationToken).ConfigureAwait(false);
            }
            catch (WatchCompactedException) when (_options.RereadWhenCompacted)
            {
                Dispose();
                return await RereadAsync(cancellationToken).ConfigureAwait(false);
            }
        }
    }

    public void Dispose()
    {
        _stream?.Dispose();
        _stream = null;
    }

    private async Task<WatchResponse> ReceiveAsync(CancellationToken cancellationToken)
    {
        // Once it runs it may be silent for hours; that the other side is gone shows in the connection.
        using var limit = new CancellationTokenSource(_stream is null ? _client.Options.AttemptTimeout : Timeout.InfiniteTimeSpan, _client.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        if (_stream is null)
        {
            (CallInvoker member, CallOptions call) = await _cluster.StreamAsync(cancellationToken).ConfigureAwait(false);
            _stream = new Watch.WatchClient(member).Watch(call);
            await _stream.RequestStream.WriteAsync(new WatchRequest { CreateRequest = _request }, either.Token).ConfigureAwait(false);
        }

        return await _stream.ResponseStream.MoveNext(either.Token).ConfigureAwait(false)
            ? _stream.ResponseStream.Current
            : throw new RpcException(new Status(StatusCode.Unavailable, "the stream ended"));
    }

    private WatchBatch? Take(WatchResponse response)
    {
        if (response.CompactRevision > 0)
        {
            throw new WatchCompactedException(response.CompactRevision);
        }

        if (response.Canceled)
        {
            throw new VecheRefusedException(StatusCode.FailedPrecondition, response.CancelReason);
        }

        _hasBegun = true;
        _failures = 0;
        if (response.Events.Count > 0)
        {
            long last = response.Events[^1].Kv.ModRevision;
            _request.StartRevision = last + 1;
            return new WatchBatch(last, [.. response.Events.Select(Change.Of)], IsReread: false);
        }

        if (!response.Created || _request.StartRevision == 0)
        {
            // The beginning of a watch from now, or a mark of how far it is complete.
            _request.StartRevision = Math.Max(_request.StartRevision, response.Header.Revision + 1);
        }

        return null;
    }

    private async Task<WatchBatch> RereadAsync(CancellationToken cancellationToken)
    {
        RangeResult now = await _client.RangeAsync(_range, null, new CallSettings { ReadConcern = ReadConcern.Linearizable }, cancellationToken).ConfigureAwait(false);
        _request.StartRevision = now.Info.Revision + 1;
        return new WatchBatch(now.Info.Revision, [.. now.Items.Select(static item => new Change(IsDeletion: false, item, null))], IsReread: true);
    }

    private void Judge(RpcException exception)
    {
        if (CallFailure.IsStaleToken(exception))
        {
            _cluster.ForgetToken();
        }
        else if (!CallFailure.HasNoAnswer(exception) && !CallFailure.WasNotBegun(exception))
        {
            throw new VecheRefusedException(exception.StatusCode, exception.Status.Detail, exception);
        }

        if (!_hasBegun && _client.Time.GetElapsedTime(_asked) >= _client.Options.Timeout)
        {
            throw new VecheUnavailableException($"no member has begun the watch in time: {exception.Status.Detail}", exception);
        }
    }

    /// <summary>Twice as long after each failure, and random around that, so that the watches of a lost member do not come all at once.</summary>
    private TimeSpan Backoff()
    {
        TimeSpan most = _client.Options.RetryDelay * Math.Pow(2, Math.Min(_failures++, MostDoublings));
        return (most < _client.Options.MaxRetryDelay ? most : _client.Options.MaxRetryDelay) * (0.5 + (Random.Shared.NextDouble() / 2));
    }
}
