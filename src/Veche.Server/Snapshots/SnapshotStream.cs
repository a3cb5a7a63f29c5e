using System.Buffers;
using System.IO.Pipelines;
using System.Security.Cryptography;
using Google.Protobuf;
using Veche.Api;
using Veche.Store.Backups;

namespace Veche.Server.Snapshots;

/// <summary>A backup as etcd streams it: pieces of 32 KiB, each with what is still to come, and the SHA-256 of all of them at the end.</summary>
internal static class SnapshotStream
{
    private const int PieceBytes = 32 << 10;
    private const int AheadBytes = 8 * PieceBytes;

    /// <summary>Sends all of it. The backup is written no faster than the client takes it, and a few pieces ahead at most.</summary>
    public static async Task SendAsync(StoreBackup backup, Func<SnapshotResponse, Task> send, CancellationToken cancellationToken)
    {
        long left = await Task.Run(() => backup.SizeBytes, cancellationToken).ConfigureAwait(false);
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: AheadBytes, resumeWriterThreshold: AheadBytes / 2, useSynchronizationContext: false));
        Task writing = Task.Run(() => Write(backup, pipe.Writer), CancellationToken.None);
        try
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            while (left > 0)
            {
                ReadResult read = await pipe.Reader.ReadAtLeastAsync((int)Math.Min(left, PieceBytes), cancellationToken).ConfigureAwait(false);
                ReadOnlySequence<byte> piece = read.Buffer.Slice(0, Math.Min(read.Buffer.Length, PieceBytes));
                if (piece.IsEmpty)
                {
                    // The writer has ended too early; why, it says itself.
                    break;
                }

                byte[] bytes = piece.ToArray();
                pipe.Reader.AdvanceTo(piece.End);
                hash.AppendData(bytes);
                left -= bytes.Length;
                await send(new SnapshotResponse { RemainingBytes = (ulong)left, Blob = UnsafeByteOperations.UnsafeWrap(bytes) }).ConfigureAwait(false);
            }

            await writing.ConfigureAwait(false);
            await send(new SnapshotResponse { Blob = ByteString.CopyFrom(hash.GetHashAndReset()) }).ConfigureAwait(false);
        }
        finally
        {
            // When the client is gone the writer must not wait for it; and the backup must not be closed under its hands.
            await pipe.Reader.CompleteAsync().ConfigureAwait(false);
            await writing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static void Write(StoreBackup backup, PipeWriter writer)
    {
        Exception? failure = null;
        try
        {
            using var pieces = new BufferedStream(new EndingStream(writer), PieceBytes);
            backup.WriteTo(pieces);
        }
        catch (Exception exception)
        {
            failure = exception;
            throw;
        }
        finally
        {
            writer.Complete(failure);
        }
    }

    /// <summary>Writes into a pipe until nobody reads it any more.</summary>
    private sealed class EndingStream(PipeWriter writer) : Stream
    {
        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override void Write(byte[] buffer, int offset, int count)
        {
            ValueTask<FlushResult> flush = writer.WriteAsync(buffer.AsMemory(offset, count));
            FlushResult result = flush.IsCompletedSuccessfully ? flush.Result : flush.AsTask().GetAwaiter().GetResult();
            if (result.IsCompleted)
            {
                throw new IOException("the client has gone");
            }
        }

        public override void Flush()
        {
            // Every write is one.
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
