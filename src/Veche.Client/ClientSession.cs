using Veche.Api.V1;
using Veche.Client.Transport;

namespace Veche.Client;

/// <summary>
/// A session in which each write is done once, however often it is repeated, by whichever member, after whatever failover: the cluster remembers
/// the outcomes of the last ones. Set as <see cref="CallSettings.Session"/>. It is replicated, and evicted when it was not used for long; then
/// writes in it are refused, and say so.
/// </summary>
public sealed class ClientSession : IAsyncDisposable
{
    private readonly VecheClient _client;
    private readonly SemaphoreSlim _window;
    private long _last;

    internal ClientSession(VecheClient client, string id, int window)
    {
        _client = client;
        Id = id;
        Window = window;
        _window = new SemaphoreSlim(window, window);
    }

    /// <summary>Its id, in hexadecimal.</summary>
    public string Id { get; }

    /// <summary>How many writes may be under way at once; more wait for their turn.</summary>
    public int Window { get; }

    /// <summary>Closes it; the cluster forgets it. When that fails, it is forgotten in time.</summary>
    public async ValueTask DisposeAsync()
    {
        _window.Dispose();
        try
        {
            await _client.CallAsync(Attempts.Of((member, call) => new Sessions.SessionsClient(member).CloseAsync(new CloseSessionRequest { Session = Id }, call)), Repetition.Harmless, isWrite: true, CancellationToken.None).ConfigureAwait(false);
        }
        catch (VecheException)
        {
            // It is evicted in time.
        }
    }

    internal async Task<Turn> BeginAsync(CancellationToken cancellationToken)
    {
        await _window.WaitAsync(cancellationToken).ConfigureAwait(false);
        return new Turn(_window, Interlocked.Increment(ref _last));
    }

    /// <summary>The number of one write, which keeps a place in the window until it is done.</summary>
    internal readonly struct Turn(SemaphoreSlim window, long sequence) : IDisposable
    {
        public long Sequence => sequence;

        public void Dispose()
        {
            try
            {
                window.Release();
            }
            catch (ObjectDisposedException)
            {
                // The session was closed meanwhile.
            }
        }
    }
}
