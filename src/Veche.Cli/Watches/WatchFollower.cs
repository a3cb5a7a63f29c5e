using System.Runtime.CompilerServices;
using Grpc.Core;
using Veche.Api;
using Veche.Cli.Client;

namespace Veche.Cli.Watches;

/// <summary>Follows changes over failures: where a member goes away, another goes on from the revision after the last that was seen.</summary>
/// <param name="connection">To the cluster.</param>
/// <param name="request">What to watch; its start is moved on.</param>
/// <param name="note">Is told of every change of the member.</param>
internal sealed class WatchFollower(Connection connection, WatchCreateRequest request, Action<string> note)
{
    private static readonly TimeSpan BetweenAttempts = TimeSpan.FromMilliseconds(250);

    private bool _hasBegun;
    private bool _mustTell;
    private bool _wasInterrupted;

    public async IAsyncEnumerable<Event> FollowAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        Dictionary<string, string> failures = [];
        while (true)
        {
            AsyncDuplexStreamingCall<WatchRequest, WatchResponse>? call = null;
            try
            {
                while (true)
                {
                    WatchResponse response;
                    try
                    {
                        call ??= await OpenAsync(cancellationToken).ConfigureAwait(false);
                        if (!await call.ResponseStream.MoveNext(cancellationToken).ConfigureAwait(false))
                        {
                            throw new RpcException(new Grpc.Core.Status(StatusCode.Unavailable, "the stream ended"));
                        }

                        response = call.ResponseStream.Current;
                    }
                    catch (RpcException exception)
                    {
                        cancellationToken.ThrowIfCancellationRequested();
                        Lost(exception, failures);
                        break;
                    }

                    foreach (Event change in Take(response, failures))
                    {
                        yield return change;

                        // All changes of one revision come in one response, and the enumerator is only left between them by who does not come back.
                        request.StartRevision = change.Kv.ModRevision + 1;
                    }
                }
            }
            finally
            {
                call?.Dispose();
            }

            await Task.Delay(BetweenAttempts, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<AsyncDuplexStreamingCall<WatchRequest, WatchResponse>> OpenAsync(CancellationToken cancellationToken)
    {
        (CallInvoker member, CallOptions options) = await connection.StreamAsync(cancellationToken).ConfigureAwait(false);
        AsyncDuplexStreamingCall<WatchRequest, WatchResponse> call = new Watch.WatchClient(member).Watch(options);
        await call.RequestStream.WriteAsync(new WatchRequest { CreateRequest = request }, cancellationToken).ConfigureAwait(false);
        return call;
    }

    private IEnumerable<Event> Take(WatchResponse response, Dictionary<string, string> failures)
    {
        if (response.CompactRevision > 0)
        {
            throw new CommandFailedException(ExitCode.Refused, _wasInterrupted
                ? $"revisions up to {Texts.Number(response.CompactRevision)} were compacted while no member could be reached: changes since {Texts.Number(request.StartRevision)} may be lost. Read the keys again (`veche get`), then watch from --rev {Texts.Number(response.CompactRevision)}"
                : $"revision {Texts.Number(request.StartRevision)} has been compacted. The oldest that can be watched is {Texts.Number(response.CompactRevision)}: --rev {Texts.Number(response.CompactRevision)}");
        }

        if (response.Canceled)
        {
            throw Advice.Of(new RpcException(new Grpc.Core.Status(StatusCode.FailedPrecondition, Reason(response))), Need.Read(request.Key, request.RangeEnd), connection.Endpoint, connection.Settings.User);
        }

        _hasBegun = true;
        failures.Clear();
        if (_mustTell)
        {
            _mustTell = false;
            note($"veche: watching at {connection.Endpoint}, from revision {Texts.Number(request.StartRevision)}");
        }

        if (response.Events.Count == 0 && (!response.Created || request.StartRevision == 0))
        {
            // The beginning of a watch from now, or a mark of how far it is complete.
            request.StartRevision = Math.Max(request.StartRevision, response.Header.Revision + 1);
        }

        return response.Events;
    }

    /// <summary>Reasons come as texts only, some with a code in front.</summary>
    private static string Reason(WatchResponse response)
    {
        int text = response.CancelReason.IndexOf("etcdserver:", StringComparison.Ordinal);
        return text > 0 ? response.CancelReason[text..] : response.CancelReason;
    }

    private void Lost(RpcException exception, Dictionary<string, string> failures)
    {
        if (exception.StatusCode == StatusCode.Unauthenticated && connection.Settings.User is not null && failures.TryAdd("token", "expired"))
        {
            connection.ForgetToken();
            return;
        }

        if (!CallFailure.HasNoAnswer(exception) && exception.StatusCode != StatusCode.Unknown)
        {
            throw Advice.Of(exception, Need.Read(request.Key, request.RangeEnd), connection.Endpoint, connection.Settings.User);
        }

        failures[connection.Endpoint] = CallFailure.Describe(exception);
        if (!_hasBegun && connection.Settings.Endpoints.All(failures.ContainsKey))
        {
            throw Advice.NobodyAnswers(failures);
        }

        if (_hasBegun && !_mustTell)
        {
            _mustTell = true;
            _wasInterrupted = true;
            note($"veche: {connection.Endpoint} is gone ({failures[connection.Endpoint]}); looking for another that goes on");
        }

        connection.MoveOn();
    }
}
