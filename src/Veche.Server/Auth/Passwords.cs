using System.Text;
using Google.Protobuf;
using Veche.Store;

namespace Veche.Server.Auth;

/// <summary>
/// Hashes of passwords, with bcrypt. Made to be slow, so it happens on few threads at once, beside those that serve: many who log in at the same
/// time wait for each other and not the others for them.
/// </summary>
internal sealed class Passwords(int cost) : IDisposable
{
    /// <summary>What bcrypt can tell apart.</summary>
    private const int MaxBytes = 72;

    private const int MaxWaiting = 4096;

    private static readonly StoreError TooLong = new(StoreErrorCode.Unknown, "bcrypt: password length exceeds 72 bytes");

    private readonly SemaphoreSlim _room = new(Math.Max(1, Environment.ProcessorCount / 2));

    /// <summary>Somebody's hash, for those who are nobody: refusing an unknown user takes as long as a wrong password.</summary>
    private readonly Lazy<string> _nobody = new(() => BCrypt.Net.BCrypt.HashPassword(string.Empty, cost));
    private int _waiting;

    /// <summary>The hash of a password, as requests carry it.</summary>
    /// <exception cref="StoreException">bcrypt cannot hash it.</exception>
    public Task<string> HashAsync(string password, CancellationToken cancellationToken) =>
        Encoding.UTF8.GetByteCount(password) > MaxBytes
            ? throw new StoreException(TooLong)
            : RunAsync(() => Convert.ToBase64String(Encoding.ASCII.GetBytes(BCrypt.Net.BCrypt.HashPassword(password, cost))), cancellationToken);

    /// <summary>Whether a password is the one that was hashed.</summary>
    public Task<bool> VerifyAsync(string password, ByteString? hash, CancellationToken cancellationToken) =>
        RunAsync(() => Verify(password, hash?.ToStringUtf8() ?? _nobody.Value) && hash is not null, cancellationToken);

    public void Dispose() => _room.Dispose();

    private static bool Verify(string password, string hash)
    {
        try
        {
            return Encoding.UTF8.GetByteCount(password) <= MaxBytes && BCrypt.Net.BCrypt.Verify(password, hash);
        }
        catch (Exception exception) when (exception is BCrypt.Net.SaltParseException or ArgumentException or FormatException)
        {
            // What is kept is no hash, so no password is the right one.
            return false;
        }
    }

    private async Task<T> RunAsync<T>(Func<T> work, CancellationToken cancellationToken)
    {
        if (Interlocked.Increment(ref _waiting) > MaxWaiting)
        {
            Interlocked.Decrement(ref _waiting);
            throw new StoreException(new StoreError(StoreErrorCode.ResourceExhausted, "etcdserver: too many requests"));
        }

        try
        {
            await _room.WaitAsync(cancellationToken).ConfigureAwait(false);
            try
            {
                return await Task.Run(work, cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                _room.Release();
            }
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }
}
