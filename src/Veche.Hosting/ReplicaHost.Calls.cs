using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Text;
using Veche.Hosting.Peers;
using Veche.Raft;

namespace Veche.Hosting;

/// <summary>Questions between members outside the log.</summary>
public sealed partial class ReplicaHost
{
    private const int MaxCallsAtOnce = 16 << 10;

    private readonly ConcurrentDictionary<long, PendingCall> _pendingCalls = [];
    private long _lastCall;
    private int _callsBeingAnswered;

    private sealed record PendingCall(MemberId To, TaskCompletionSource<ReadOnlyMemory<byte>> Done, long DeadlineNs);

    /// <inheritdoc/>
    public async ValueTask<ReadOnlyMemory<byte>> CallAsync(MemberId to, ReadOnlyMemory<byte> request, CancellationToken cancellationToken = default)
    {
        ThrowIfStopping();
        if (to == Id)
        {
            return _calls is null
                ? throw new RefusedException(RefusalReason.Unreachable, "this member answers no calls")
                : await _calls.HandleAsync(Id, request, cancellationToken).ConfigureAwait(false);
        }

        if (!_links.TryGetValue(to, out PeerLink? link) || _pendingCalls.Count >= MaxCallsAtOnce)
        {
            throw new RefusedException(RefusalReason.Unreachable, $"member {to} is not known, or too many calls are under way");
        }

        long id = Interlocked.Increment(ref _lastCall);
        var call = new PendingCall(to, new TaskCompletionSource<ReadOnlyMemory<byte>>(TaskCreationOptions.RunContinuationsAsynchronously), MonotonicClock.Read() + (_options.RequestTimeoutMs * 1_000_000L));
        _pendingCalls[id] = call;
        try
        {
            if (!link.Write((id, request), static (buffer, state) => WriteCall(buffer, state.id, state.request.Span)))
            {
                throw new RefusedException(RefusalReason.Unreachable, $"member {to} is not connected");
            }

            link.Flush();
            return await call.Done.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _pendingCalls.TryRemove(id, out _);
        }
    }

    private static void WriteCall(SendBuffer buffer, long id, ReadOnlySpan<byte> request)
    {
        int start = buffer.BeginFrame(FrameKind.Call);
        Span<byte> body = buffer.GetSpan(8 + request.Length);
        BinaryPrimitives.WriteInt64LittleEndian(body, id);
        request.CopyTo(body[8..]);
        buffer.Advance(8 + request.Length);
        buffer.EndFrame(start);
    }

    private static void WriteReply(SendBuffer buffer, long id, bool succeeded, ReadOnlySpan<byte> answer)
    {
        int start = buffer.BeginFrame(FrameKind.CallReply);
        Span<byte> body = buffer.GetSpan(9 + answer.Length);
        BinaryPrimitives.WriteInt64LittleEndian(body, id);
        body[8] = succeeded ? (byte)0 : (byte)1;
        answer.CopyTo(body[9..]);
        buffer.Advance(9 + answer.Length);
        buffer.EndFrame(start);
    }

    private void OnCall(MemberId from, ReadOnlySpan<byte> body)
    {
        if (body.Length < 8)
        {
            throw new InvalidDataException("a call is shorter than its id");
        }

        if (Interlocked.Increment(ref _callsBeingAnswered) > MaxCallsAtOnce)
        {
            Interlocked.Decrement(ref _callsBeingAnswered);
            return;
        }

        long id = BinaryPrimitives.ReadInt64LittleEndian(body);
        _ = AnswerAsync(from, id, body[8..].ToArray());
    }

    private async Task AnswerAsync(MemberId from, long id, byte[] request)
    {
        bool succeeded = false;
        ReadOnlyMemory<byte> answer;
        try
        {
            if (_calls is null)
            {
                throw new RefusedException(RefusalReason.Unreachable, "this member answers no calls");
            }

            answer = await _calls.HandleAsync(from, request, _stop.Token).ConfigureAwait(false);
            succeeded = true;
        }
#pragma warning disable CA1031 // The caller is told, whatever it was.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            answer = Encoding.UTF8.GetBytes(exception.Message);
        }
        finally
        {
            Interlocked.Decrement(ref _callsBeingAnswered);
        }

        if (_links.TryGetValue(from, out PeerLink? link) && link.Write((id, succeeded, answer), static (buffer, state) => WriteReply(buffer, state.id, state.succeeded, state.answer.Span)))
        {
            link.Flush();
        }
    }

    private void OnCallReply(MemberId from, ReadOnlySpan<byte> body)
    {
        if (body.Length < 9)
        {
            throw new InvalidDataException("an answer is shorter than its header");
        }

        if (_pendingCalls.TryRemove(BinaryPrimitives.ReadInt64LittleEndian(body), out PendingCall? call) && call.To == from)
        {
            if (body[8] == 0)
            {
                call.Done.TrySetResult(body[9..].ToArray());
            }
            else
            {
                call.Done.TrySetException(new RefusedException(RefusalReason.Unreachable, Encoding.UTF8.GetString(body[9..])));
            }
        }
    }

    private void SweepCalls(long nowNs)
    {
        foreach ((long id, PendingCall call) in _pendingCalls)
        {
            if (call.DeadlineNs <= nowNs && _pendingCalls.TryRemove(id, out _))
            {
                call.Done.TrySetException(new RefusedException(RefusalReason.TimedOut, $"member {call.To} did not answer in time"));
            }
        }
    }

    private void FailCalls(Exception exception)
    {
        foreach (PendingCall call in _pendingCalls.Values)
        {
            call.Done.TrySetException(new RefusedException(RefusalReason.Stopping, exception.Message));
        }
    }
}
