using System.Net;
using System.Net.Sockets;
using Veche.Hosting.Peers;
using Veche.Log;
using Veche.Raft;
using Veche.Replica;

namespace Veche.Hosting;

/// <summary>Saving the state, sending it to a member that lacks too much of the log, and receiving it.</summary>
public sealed partial class ReplicaHost
{
    private readonly SemaphoreSlim _receivingSnapshot = new(1, 1);

    /// <summary>The configuration at the state machine's position; touched only by its thread.</summary>
    private Configuration _appliedConfiguration;

    /// <summary>A captured state and the configuration that belongs to it.</summary>
    private sealed record CapturedState(IStateImage Image, SnapshotPoint Point) : IDisposable
    {
        public void Dispose() => Image.Dispose();
    }

    private Task<CapturedState> CaptureAsync(bool forWitness = false)
    {
        var capture = new TaskCompletionSource<CapturedState>(TaskCreationOptions.RunContinuationsAsynchronously);
        _applyWork.Post(new ApplyWork(Capture: capture, ForWitness: forWitness));
        return capture.Task.WaitAsync(_stop.Token);
    }

    private void BeginSave() => _ = Task.Run(SaveAsync);

    private async Task SaveAsync()
    {
        long durable = 0;
        try
        {
            if (_stateMachine.IsDurable)
            {
                _stateMachine.Flush();
                durable = _stateMachine.DurableIndex;
            }
            else
            {
                using CapturedState state = await CaptureAsync().ConfigureAwait(false);
                using (SnapshotWriter writer = _snapshots.Begin(state.Point))
                {
                    state.Image.WriteTo(writer.Content);
                    writer.Commit();
                }

                _snapshots.DeleteOlderThan(state.Point.Position);
                durable = state.Point.Position.Index;
            }

            _log.StateSaved(durable);
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException)
        {
            if (!_stop.IsCancellationRequested)
            {
                _log.SaveFailed(exception.Message);
            }
        }
#pragma warning disable CA1031 // A state that cannot be saved for another reason is not to be trusted any more.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            Fail(exception);
        }

        _loop.Post(new ReplicaInput.StateSaved(durable));
    }

    private void BeginSnapshotSend(SnapshotSend send) => _ = Task.Run(() => SendSnapshotAsync(send));

    private async Task SendSnapshotAsync(SnapshotSend send)
    {
        long index = 0;
        bool delivered = false;
        try
        {
            DnsEndPoint address = _addresses.Find(send.To) ?? throw new IOException("its address is not known");
            using CapturedState state = await CaptureAsync(send.ForWitness).ConfigureAwait(false);
            index = state.Point.Position.Index;
            _loop.Post(new ReplicaInput.SnapshotSending(send.To, index));
            using PeerConnection connection = await _dialer.DialAsync(send.To, address, send.ForWitness ? ConnectionPurpose.WitnessSnapshot : ConnectionPurpose.Snapshot, _stop.Token).ConfigureAwait(false);
            _log.SendingSnapshot(index, send.To);
            await SnapshotTransfer.SendAsync(connection.Stream, send.Term, state.Point, state.Image, _stop.Token).ConfigureAwait(false);
            delivered = true;
        }
        catch (Exception exception) when (exception is IOException or SocketException or InvalidDataException or OperationCanceledException or ObjectDisposedException or NotSupportedException or System.Security.Authentication.AuthenticationException)
        {
            if (!_stop.IsCancellationRequested)
            {
                _log.SnapshotSendFailed(send.To, exception.Message);
            }
        }

        _loop.Post(new ReplicaInput.SnapshotSent(send.To, delivered, index));
    }

    private async Task ReceiveSnapshotAsync(MemberId from, bool forWitness, Stream stream, CancellationToken cancellationToken)
    {
        if (forWitness != _options.IsWitness)
        {
            // Before a byte of it is kept.
            Fail(new InvariantBrokenException(_options.IsWitness
                ? "this member was started as a witness, and its cluster has it as a member with data. Start it without that, or remove it and add it as a witness with an empty directory."
                : "this member was started as a member with data, and its cluster has it as a witness. Start it as one, or remove it and add it without that with an empty directory."));
            return;
        }

        // One at a time: two could only be an old one and its better successor, and the sender tries again.
        if (!await _receivingSnapshot.WaitAsync(0, cancellationToken).ConfigureAwait(false))
        {
            return;
        }

        try
        {
            (long term, SnapshotPoint point) = await SnapshotTransfer.ReceiveAsync(stream, _snapshots, cancellationToken).ConfigureAwait(false);
            _log.SnapshotReceived(point.Position.Index, from);
            _loop.Post(new ReplicaInput.SnapshotReceived(from, term, point));
            await SnapshotTransfer.ConfirmAsync(stream, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _receivingSnapshot.Release();
        }
    }

    private static List<FollowerStatus> BuildFollowers(RaftCore core)
    {
        List<FollowerStatus> followers = [];
        foreach (FollowerProgress progress in core.Followers)
        {
            followers.Add(new FollowerStatus(
                progress.Member,
                progress.Match,
                core.BytesBetween(progress.Match, core.LastPosition.Index),
                progress.State switch
                {
                    ReplicationState.Replicate => "replicate",
                    ReplicationState.Snapshot => "snapshot",
                    _ => "probe",
                },
                progress.RecentlyActive));
        }

        return followers;
    }
}
